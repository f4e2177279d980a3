import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import SqliteConnection from 'better-sqlite3';
import { describeUserDirectory } from 'coatcheck/testing';
import { eq } from 'drizzle-orm';
import { expect } from 'expect';
import { AppUserDirectory } from '../src/app-user.directory.js';
import { appUsers } from '../src/app-user.js';
import { Database } from '../src/database.module.js';

describeUserDirectory(
  'AppUserDirectory',
  async () => {
    const database = new Database(new SqliteConnection(':memory:'));
    const { connection, orm } = database;
    connection.exec(readFileSync('schema.sql', 'utf8'));
    return {
      directory: new AppUserDirectory(database),
      insert: async ({ login, legacyHash, disabled }) =>
        orm
          .insert(appUsers)
          .values({
            username: login.split('@')[0]!,
            email: login,
            roles: ['staff'],
            passwordHash: legacyHash,
            isActive: !disabled,
          })
          .returning()
          .get(),
      remove: async ({ id }) => orm.delete(appUsers).where(eq(appUsers.id, id)).run(),
      close: async () => connection.close(),
    };
  },
  {},
  { describe, it, expect, beforeEach, afterEach },
);
