import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp, basic } from './support/app.js';
import { Server, newFolder, operate } from './support/server.js';
import { STORAGES } from './support/storages.js';

const TYPED = 'Ann@Exämple.org';
const SPELLINGS = [
  'ann@xn--exmple-cua.org',
  'ann@exämple.org',
  'ANN@EXÄMPLE.ORG',
  'ann@exa\u0308mple.org',
  'ann@ｅxämple。org',
];

for (const [name, storage] of Object.entries(STORAGES))
  storage.describe(`An address with an international domain on ${name}`, () => {
    let app: TestApp;
    let drop: () => Promise<void>;

    beforeAll(async () => {
      const opened = await storage.open();
      drop = opened.drop;
      app = await TestApp.start({
        AUTH_TYPE: name === 'memory' ? 'session_auth,basic_auth' : 'session_db_auth,basic_auth',
        REGISTRATION: 'open',
        STORE_TIMEOUT: '10s',
        ...opened.variables,
      });
      expect((await app.visitor().post('/users', { email: TYPED, password: PASSWORD })).body).toMatchObject({
        email: TYPED,
      });
    });

    afterAll(async () => {
      await app.stop();
      await drop();
    });

    it.each(SPELLINGS)('is one account, and shown as typed: %j', async (email) => {
      expect(await app.visitor().login(email)).toMatchObject({ status: 200, body: { email: TYPED } });
      expect((await app.visitor(basic(email)).get('/users/me')).body).toMatchObject({ email: TYPED });
      const again = await app.visitor().post('/users', { email, password: PASSWORD });
      expect(again).toMatchObject({ status: 409, body: { code: 'email_taken' } });
    });

    it('cannot become another’s, and can be spelled otherwise by its owner', async () => {
      const ben = await app.addUser('ben@example.org');
      const asBen = app.visitor();
      await asBen.login('ben@example.org');
      for (const email of SPELLINGS)
        expect((await asBen.put(`/users/${ben.id}`, { email })).body).toMatchObject({ code: 'email_taken' });
      const ann = app.visitor();
      const { id } = (await ann.login(SPELLINGS[0]!)).body;
      for (const email of [SPELLINGS[0]!, TYPED]) {
        expect((await ann.put(`/users/${id}`, { email })).body).toMatchObject({ email });
        expect((await app.visitor().login(SPELLINGS[4]!)).body).toMatchObject({ id });
      }
    });

    it('is one count of failures in each spelling', async () => {
      await app.addUser('eve@exämple.org');
      const spellings = SPELLINGS.map((email) => email.replace(/^ann/i, 'eve'));
      for (const email of spellings) expect((await app.visitor().login(email, 'wrong')).status).toBe(401);
      // After five failures a right password does not count for a second.
      for (const email of spellings) expect((await app.visitor().login(email)).status).toBe(401);
      app.clock.advance(60_000);
      expect((await app.visitor().login(spellings[0]!)).status).toBe(200);
    });

    it.each(['ann@exämple.org/x', 'ann@ex ämple.org', 'ann@ä／b.org', 'ann@exämple.org:25', 'ann@１２７.１'])(
      'is none with what no domain has: %j',
      async (email) => {
        const answer = await app.visitor().post('/users', { email, password: PASSWORD });
        expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/email' }] } });
      },
    );
  });

describe('An operator', () => {
  it('names a user by any spelling of their address', async () => {
    const folder = newFolder();
    const create = (email: string) =>
      operate(folder, ['user', 'create', '--password-stdin', '--email', email], { input: PASSWORD });
    const server = await Server.start(folder);
    await server.stop();
    expect((await create(TYPED)).code).toBe(0);
    expect((await create('ann@xn--exmple-cua.org')).code).toBe(1);
    const { stdout } = await operate(folder, ['audit', '--user', 'ann@xn--exmple-cua.org', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ type: 'user_created' }]);
    expect(await operate(folder, ['user', 'disable', 'ann@ｅxämple。org'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(TYPED),
    });
  });
});
