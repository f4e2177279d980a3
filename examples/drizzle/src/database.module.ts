import { Module } from '@nestjs/common';
import SqliteConnection from 'better-sqlite3';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';

/** Drizzle on one file of SQLite. */
export class Database {
  readonly orm: BetterSQLite3Database;

  constructor(readonly connection: SqliteConnection.Database) {
    this.orm = drizzle(connection);
  }
}

@Module({
  providers: [
    { provide: Database, useFactory: () => new Database(new SqliteConnection(process.env.DATABASE_FILE)) },
  ],
  exports: [Database],
})
export class DatabaseModule {}
