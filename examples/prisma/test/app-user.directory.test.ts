import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeUserDirectory } from 'coatcheck/testing';
import { expect } from 'expect';
import { Pool } from 'pg';
import { AppUserDirectory } from '../src/app-user.directory.js';
import { PrismaService } from '../src/prisma.module.js';

describeUserDirectory(
  'AppUserDirectory',
  async () => {
    const pool = new Pool({ connectionString: process.env.TEST_DATABASE_URL });
    const prisma = new PrismaService(pool);
    await prisma.appUser.deleteMany();
    return {
      directory: new AppUserDirectory(prisma),
      insert: ({ login, legacyHash, disabled }) =>
        prisma.appUser.create({
          data: {
            username: login.split('@')[0]!,
            email: login,
            roles: ['staff'],
            passwordHash: legacyHash,
            isActive: !disabled,
          },
        }),
      remove: ({ id }) => prisma.appUser.delete({ where: { id } }),
      close: async () => {
        await prisma.$disconnect();
        await pool.end();
      },
    };
  },
  {},
  { describe, it, expect, beforeEach, afterEach },
);
