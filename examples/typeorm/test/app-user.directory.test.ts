import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeUserDirectory } from 'coatcheck/testing';
import { expect } from 'expect';
import { DataSource } from 'typeorm';
import { AppUserDirectory } from '../src/app-user.directory.js';
import { AppUser } from '../src/app-user.js';

describeUserDirectory(
  'AppUserDirectory',
  async () => {
    const url = process.env.TEST_DATABASE_URL!;
    const dataSource = await new DataSource({ type: 'postgres', url, entities: [AppUser] }).initialize();
    const users = dataSource.getRepository(AppUser);
    await users.clear();
    return {
      directory: new AppUserDirectory(users),
      insert: ({ login, legacyHash, disabled }) =>
        users.save(
          users.create({
            username: login.split('@')[0]!,
            email: login,
            roles: ['staff'],
            passwordHash: legacyHash,
            isActive: !disabled,
          }),
        ),
      remove: ({ id }) => users.delete(id),
      close: () => dataSource.destroy(),
    };
  },
  {},
  { describe, it, expect, beforeEach, afterEach },
);
