import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PasswordHasher } from '../src/users/passwords/password-hasher.js';
import { UserStore } from '../src/users/user-store.js';
import { aTaskOwner } from '../src/testing/samples.js';
import { PASSWORD, TestApp, basic } from './support/app.js';
import { INVISIBLE_CHARACTERS } from './support/invisible.js';
import { newFolder, operate } from './support/server.js';
import { STORAGES } from './support/storages.js';

/** Addresses that were accepted once, and are not any more. */
const LEGACY = ['"a b"@example.com', 'an\u{fe0f}n@example.com', 'an\u3164n@example.com', 'ａnn@example.com'];

describe('Invisible characters', () => {
  let app: TestApp;
  let admin: ReturnType<TestApp['visitor']>;
  let ann: ReturnType<TestApp['visitor']>;
  let annId: string;

  beforeAll(async () => {
    app = await TestApp.start({
      AUTH_TYPE: 'session_db_auth,token_auth,basic_auth',
      REGISTRATION: 'open',
      AUTH_THROTTLE: 'off',
    });
    await app.addUser('admin@example.com', 'admin');
    annId = (await app.addUser('ann@example.com')).id;
    [admin, ann] = [app.visitor(), app.visitor()];
    await admin.login('admin@example.com');
    await ann.login('ann@example.com');
  });

  afterAll(() => app.stop());

  it.each(INVISIBLE_CHARACTERS.filter(([, character]) => character.isWellFormed()))(
    'are refused in addresses, names and labels: %s',
    async (_, character) => {
      const email = `an${character}n@example.com`;
      const name = `An${character}n`;
      const { id } = (await ann.get('/sessions/current')).body.session;
      const expires_at = new Date(app.clock.now().getTime() + 86_400_000).toISOString();
      const answers = [
        await app.visitor().post('/users', { email, password: PASSWORD }),
        await app
          .visitor()
          .post('/users', { email: 'new@example.com', password: PASSWORD, first_name: name }),
        await app.visitor().post('/users', { email: 'new@example.com', password: PASSWORD, last_name: name }),
        await admin.post('/users', { email, password: PASSWORD }),
        await ann.put('/users/me', { email }),
        await ann.send('PATCH', '/users/me', { email }),
        await ann.put('/users/me', { first_name: name }),
        await ann.send('PATCH', '/users/me', { last_name: name }),
        await admin.put(`/users/${annId}`, { email }),
        await admin.send('PATCH', `/users/${annId}`, { first_name: name }),
        await ann.send('PATCH', `/sessions/${id}`, { label: name }),
        await ann.post('/access_tokens', { label: name, scope: 'read', expires_at }),
      ];
      for (const [index, answer] of answers.entries()) {
        expect([index, answer.status, answer.body.code]).toEqual([index, 400, 'validation_failed']);
        expect(answer.body.errors).toHaveLength(1);
        expect(JSON.stringify(answer.body)).not.toContain(character);
      }
      expect((await ann.get('/users/me')).body).toMatchObject({
        email: 'ann@example.com',
        first_name: null,
        last_name: null,
      });
    },
  );

  it('are allowed in passwords', async () => {
    const password = INVISIBLE_CHARACTERS.filter(([, character]) => character.isWellFormed())
      .map(([, character]) => character)
      .join('');
    const email = 'secret@example.com';
    expect((await app.visitor().post('/users', { email, password })).status).toBe(201);
    expect((await app.visitor().login(email, password)).status).toBe(200);
  });

  it('and blanks alone are no name', async () => {
    for (const first_name of [' ', '\u3000', '\u00a0 '])
      expect((await ann.put('/users/me', { first_name })).status).toBe(400);
    expect((await ann.put('/users/me', { first_name: '' })).status).toBe(200);
    expect((await ann.put('/users/me', { first_name: null })).status).toBe(200);
  });

  it('and markup of a user agent are no product', async () => {
    const visitor = app.visitor({ 'user-agent': '<script>alert(1)</script>/1.0 (x)' });
    await visitor.login('ann@example.com');
    expect((await visitor.get('/sessions/current')).body.session.device).toEqual({ browser: null, os: null });
  });

  it('and names of several parts are what they were', async () => {
    const names = { first_name: 'Ana María 👩‍💻', last_name: 'علی\u200cرضا' };
    expect((await ann.put('/users/me', names)).body).toMatchObject(names);
  });
});

for (const [name, storage] of Object.entries(STORAGES))
  storage.describe(`Accounts with addresses that are refused today, on ${name}`, () => {
    let app: TestApp;
    let drop: () => Promise<void>;

    beforeAll(async () => {
      const opened = await storage.open();
      drop = opened.drop;
      app = await TestApp.start({
        AUTH_TYPE: name === 'memory' ? 'session_auth,basic_auth' : 'session_db_auth,basic_auth',
        STORE_TIMEOUT: '10s',
        ...opened.variables,
      });
      await app.addUser('admin@example.com', 'admin');
      const passwordHash = await app.nest.get(PasswordHasher).hash(PASSWORD, aTaskOwner());
      for (const email of LEGACY) {
        const at = app.clock.now();
        const user = {
          id: randomUUID(),
          email,
          firstName: null,
          lastName: null,
          role: 'user',
          disabled: false,
          credentialVersion: 1,
          createdAt: at,
          updatedAt: at,
          emailVerifiedAt: null,
        } as const;
        expect(await app.nest.get(UserStore).insert(user, passwordHash)).toBe(true);
      }
    });

    afterAll(async () => {
      await app.stop();
      await drop();
    });

    it.each(LEGACY)('sign in, change and are administered: %j', async (email) => {
      const [owner, admin] = [app.visitor(), app.visitor()];
      expect(await owner.login(email)).toMatchObject({ status: 200, body: { email } });
      expect((await app.visitor(basic(email)).get('/users/me')).body).toMatchObject({ email });
      expect((await owner.put('/users/me', { email, first_name: 'Ann' })).body).toMatchObject({ email });
      await admin.login('admin@example.com');
      const { id } = (await owner.get('/users/me')).body;
      expect((await admin.put(`/users/${id}`, { email, disabled: true })).body).toMatchObject({
        disabled: true,
      });
      expect((await owner.login(email)).status).toBe(401);
      expect((await admin.put(`/users/${id}`, { email, disabled: false })).status).toBe(200);
      const other = LEGACY.find((one) => one !== email)!;
      expect((await admin.put(`/users/${id}`, { email: other })).status).toBe(400);
      expect((await admin.send('DELETE', `/users/${id}`)).status).toBe(200);
    });
  });

describe('An operator', () => {
  it('cannot create users with invisible characters, and sees those that there are written out', async () => {
    const folder = newFolder();
    const create = (...options: string[]) =>
      operate(folder, ['user', 'create', '--password-stdin', ...options], { input: PASSWORD });
    await operate(folder, ['migrate']);
    expect((await create('--email', 'an\ufe0fn@example.com')).stderr).toContain('invisible characters');
    expect((await create('--email', '"a b"@example.com')).stderr).toContain('quotation marks');
    for (const option of ['--first-name', '--last-name'])
      expect((await create('--email', 'ann@example.com', option, 'An\u3164n')).stderr).toContain('invisible');
    expect((await create('--email', 'ann@example.com', '--first-name', 'Ann')).code).toBe(0);
  });
});
