import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeUserDirectory } from 'coatcheck/testing';
import { expect } from 'expect';
import { createConnection } from 'mongoose';
import { AppUserDirectory } from '../src/app-user.directory.js';
import { AppUser, AppUserSchema } from '../src/app-user.js';

describeUserDirectory(
  'AppUserDirectory',
  async () => {
    const connection = await createConnection(process.env.TEST_MONGO_URL!).asPromise();
    const users = connection.model(AppUser.name, AppUserSchema);
    await users.deleteMany();
    return {
      directory: new AppUserDirectory(users),
      insert: async ({ login, legacyHash, disabled }) => {
        const user = await users.create({
          username: login.split('@')[0]!,
          email: login,
          roles: ['staff'],
          passwordHash: legacyHash,
          isActive: !disabled,
        });
        return user.toObject();
      },
      remove: ({ _id }) => users.deleteOne({ _id }),
      close: () => connection.close(),
    };
  },
  {},
  { describe, it, expect, beforeEach, afterEach },
);
