import { createHash } from 'node:crypto';
import { type Server as HttpServer, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import SqliteConnection from 'better-sqlite3';
import { PASSWORD, TestApp, Visitor } from './support/app.js';
import { Server, newFolder, makeDatabase, operate } from './support/server.js';

const EMAIL = 'ann@example.com';
const HOSTILE = `$argon2id$v=19$m=${4 * 1024 * 1024},t=1,p=1$Cl2ewXdiS4zdJiDtfz6Oxg$${'x'.repeat(43)}`;

/** Works on the table of users beside the server. */
function withUsers<T>(folder: string, work: (database: SqliteConnection.Database) => T): T {
  const database = new SqliteConnection(join(folder, 'coatcheck.db'));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

const hashIn = (folder: string) =>
  withUsers(
    folder,
    (users) => users.prepare('select password_hash from coatcheck_users').pluck().get() as string,
  );

describe('The hash of a password', () => {
  const OLD = 'the-first-pepper-of-32-characters';
  const NEW = 'the-second-pepper-of-32-characters';
  const folder = newFolder();

  beforeAll(async () => {
    await makeDatabase(folder);
    const args = ['user', 'create', '--email', EMAIL, '--password-stdin'];
    expect((await operate(folder, args, { input: PASSWORD })).code).toBe(0);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['bcrypt with a pepper', { PASSWORD_PEPPER: OLD }, /^\$bcrypt-sha256\$v=2,t=2b,r=4,k=/],
    ['another pepper', { PASSWORD_PEPPER: NEW, PASSWORD_PEPPER_PREVIOUS: OLD }, /^\$bcrypt-sha256\$.+,k=/],
    [
      'Argon2id',
      { PASSWORD_HASH: 'argon2id', PASSWORD_HASH_COST: '1', PASSWORD_PEPPER: NEW },
      /^\$argon2id\$v=19\$m=19456,t=1,p=1,keyid=/,
    ],
    [
      'more passes and no pepper',
      { PASSWORD_HASH: 'argon2id', PASSWORD_HASH_COST: '2', PASSWORD_PEPPER_PREVIOUS: `${OLD},${NEW}` },
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/,
    ],
    ['bcrypt again', {}, /^\$bcrypt-sha256\$v=2,t=2b,r=4\$/],
  ])('goes over to %s with a sign-in', async (_, variables, form) => {
    const before = hashIn(folder);
    const server = await Server.start(folder, variables);
    try {
      const visitor = new Visitor(`${server.url}/api/v1`, {});
      expect((await visitor.login(EMAIL, 'wrong')).status).toBe(401);
      expect(hashIn(folder)).toBe(before);
      expect((await visitor.login(EMAIL)).status).toBe(200);
      expect(hashIn(folder)).not.toBe(before);
      expect(hashIn(folder)).toMatch(form);
      expect((await visitor.login(EMAIL)).status).toBe(200);
    } finally {
      await server.stop();
    }
  });

  it('is invalid without its pepper, and if it needs gigabytes of memory', async () => {
    for (const [variables, hash] of [
      [{}, hashIn(folder).replace('r=4$', 'r=4,k=00000000$')],
      [{ PASSWORD_HASH: 'argon2id', PASSWORD_HASH_COST: '1' }, HOSTILE],
      [{}, ''],
    ] as const) {
      withUsers(folder, (users) => users.prepare('update coatcheck_users set password_hash = ?').run(hash));
      const server = await Server.start(folder, variables);
      try {
        const answers = [EMAIL, 'nobody@example.com'].map((email) =>
          new Visitor(`${server.url}/api/v1`, {}).login(email),
        );
        const [known, unknown] = await Promise.all(answers);
        expect(known!.status).toBe(401);
        expect({ ...known!.body, requestId: '' }).toEqual({ ...unknown!.body, requestId: '' });
      } finally {
        expect(await server.stop()).toBe(0);
      }
    }
  });
});

describe('A server with hashes by Argon2', () => {
  it('does not start where there is no native code for it', async () => {
    const variables = { PASSWORD_HASH: 'argon2id', NAPI_RS_NATIVE_LIBRARY_PATH: '/nowhere/argon2.node' };
    await expect(Server.start(newFolder(), variables)).rejects.toThrow(
      /ended with 1[^]*Run: npm install @node-rs\/argon2 --include=optional/,
    );
  });

  it('logs which package is missing when a stored hash needs it', async () => {
    const folder = newFolder();
    await makeDatabase(folder);
    const args = ['user', 'create', '--email', EMAIL, '--password-stdin'];
    expect((await operate(folder, args, { input: PASSWORD })).code).toBe(0);
    const hash =
      '$argon2i$v=19$m=256,t=3,p=2$FI0LXglFGO3lLWXybyH1tw$eOOT91pyoHwmzyzH0xWNa18016kjOryiqJxlIAyHxuI';
    withUsers(folder, (users) => users.prepare('update coatcheck_users set password_hash = ?').run(hash));
    const server = await Server.start(folder, { NAPI_RS_NATIVE_LIBRARY_PATH: '/nowhere/argon2.node' });
    try {
      const visitor = new Visitor(`${server.url}/api/v1`, {});
      expect((await visitor.login(EMAIL)).status).toBe(500);
      expect(server.output()).toContain('Run: npm install @node-rs/argon2 --include=optional');
      expect(server.output()).not.toContain(hash);
    } finally {
      await server.stop();
    }
  });

  it('tells whom it cannot serve now, and goes on', async () => {
    const app = await TestApp.start({
      PASSWORD_HASH: 'argon2id',
      PASSWORD_HASH_COST: '1',
      AUTH_THROTTLE: 'off',
    });
    try {
      await app.addUser(EMAIL);
      const answers = await Promise.all(
        Array.from({ length: 100 * availableParallelism() }, () => app.visitor().login(EMAIL, 'wrong')),
      );
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      for (const { body, headers } of refused) {
        expect(body.code).toBe('too_many_requests');
        expect(headers.get('retry-after')).toMatch(/^\d+$/);
      }
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
      expect((await app.visitor().login(EMAIL)).status).toBe(200);
    } finally {
      await app.stop();
    }
  });
});

describe('A service that knows breached passwords', () => {
  const BREACHED = 'mango tea and soups';
  const digest = createHash('sha1').update(BREACHED).digest('hex').toUpperCase();
  const asked: string[] = [];
  let service: HttpServer;
  let app: TestApp;

  beforeAll(async () => {
    service = createServer(({ url = '' }, response) => {
      asked.push(url);
      response.end(url === `/range/${digest.slice(0, 5)}` ? `${digest.slice(5)}:42\r\n` : '');
    });
    await new Promise<void>((listening) => service.listen(0, '127.0.0.1', listening));
    const { port } = service.address() as AddressInfo;
    app = await TestApp.start({
      PASSWORD_BREACH_URL: `http://127.0.0.1:${port}/range/`,
      REGISTRATION: 'open',
    });
  });

  afterAll(async () => {
    await app.stop();
    service.closeAllConnections();
    service.close();
  });

  it('has its word at registration and at a change, where nothing nearer has had it', async () => {
    const refusal = (pointer: string) => ({
      status: 400,
      body: { errors: [{ pointer, detail: expect.stringContaining('Known from data breaches') }] },
    });
    const ann = app.visitor();
    const account = { email: EMAIL, password: BREACHED };
    expect(await ann.post('/users', account)).toMatchObject(refusal('/password'));
    expect((await ann.post('/users', { ...account, password: PASSWORD })).status).toBe(201);
    await ann.login(EMAIL);
    expect(asked).toHaveLength(2);
    for (const [new_password, times] of [
      [BREACHED, 3],
      ['momsanaladventure', 3],
    ] as const) {
      const change = { current_password: PASSWORD, new_password };
      expect(await ann.put('/users/me/password', change)).toMatchObject(refusal('/new_password'));
      expect(asked).toHaveLength(times);
    }
  });

  it('is not missed when it is gone', async () => {
    const others = await TestApp.start({ PASSWORD_BREACH_URL: 'http://127.0.0.1:1/range' });
    try {
      await others.addUser('ben@example.com', 'user', BREACHED);
      expect((await others.visitor().login('ben@example.com', BREACHED)).status).toBe(200);
    } finally {
      await others.stop();
    }
  });
});
