import { Module } from '@nestjs/common';
import { CoatcheckModule } from 'coatcheck';
import { sqlite } from 'coatcheck/sqlite';
import { AppUserDirectory } from './app-user.directory.js';
import { Database, DatabaseModule } from './database.module.js';
import { StaffController } from './staff.controller.js';

@Module({
  imports: [
    CoatcheckModule.forRootAsync({
      imports: [DatabaseModule],
      users: { directory: AppUserDirectory },
      inject: [Database],
      useFactory: ({ connection }: Database) => ({ storage: { database: sqlite(connection) } }),
    }),
  ],
  controllers: [StaffController],
})
export class AppModule {}
