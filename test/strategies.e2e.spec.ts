import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { UsersService } from 'coatcheck';
import { type Answer, PASSWORD, TestApp, type Visitor, basic } from './support/app.js';
import { STORAGES } from './support/storages.js';

const TYPES = [
  'basic_auth',
  'session_auth',
  'session_exp_auth',
  'session_db_auth',
  'session_db_auth,basic_auth',
  'token_auth',
  'session_db_auth,token_auth',
];
const DIALECTS = ['standard', 'alx'] as const;

/** A durable scheme needs a durable store, and one dialect knows no bearer tokens. */
const harnesses = TYPES.flatMap((type) =>
  Object.entries(STORAGES).flatMap(([name, storage]) =>
    DIALECTS.map((dialect) => ({ type, name, storage, dialect, remembers: type !== 'basic_auth' })),
  ),
)
  .filter(({ type, name }) => !(/session_db_auth|token_auth/.test(type) && name === 'memory'))
  .filter(({ type, dialect }) => !(type.includes('token_auth') && dialect === 'alx'));

for (const { type, name, storage, dialect, remembers } of harnesses) {
  storage.describe(`AUTH_TYPE=${type} on ${name} in ${dialect}`, () => {
    let app: TestApp;
    let drop: () => Promise<void>;
    const rejection = dialect === 'alx' ? 403 : 401;
    const bears = type.includes('token_auth');

    beforeAll(async () => {
      const opened = await storage.open();
      drop = opened.drop;
      app = await TestApp.start({
        AUTH_TYPE: type,
        AUTH_COMPAT: dialect,
        SESSION_DURATION: '3600',
        STORE_TIMEOUT: '10s',
        ...opened.variables,
      });
      await app.addUser('ann@example.com');
    });

    afterAll(async () => {
      await app.stop();
      await drop();
    });

    const login = (visitor: Visitor, email: string, password = PASSWORD): Promise<Answer> =>
      visitor.send(
        'POST',
        '/auth_session/login',
        dialect === 'alx'
          ? new URLSearchParams({ email, password })
          : { email, password, ...(bears && { transport: 'bearer' }) },
      );

    /** A visitor who presents the token that another one has. */
    const holding = ({ cookie, bearer }: Visitor): Visitor => {
      const visitor = app.visitor();
      Object.assign(visitor, { cookie, bearer });
      return visitor;
    };

    /** A visitor who proves who they are as the scheme wants it. */
    async function signedIn(email: string): Promise<Visitor> {
      if (!remembers) return app.visitor(basic(email));
      const visitor = app.visitor();
      expect(await login(visitor, email)).toMatchObject({ status: 200, body: { email } });
      return visitor;
    }

    it('serves public routes without a credential, and nothing else', async () => {
      const stranger = app.visitor();
      expect(await stranger.get('/status')).toMatchObject({ status: 200, body: { status: 'OK' } });
      for (const path of ['/users/me', '/users', '/stats', '/nowhere']) {
        expect(await stranger.get(path)).toMatchObject({ status: 401, body: { error: 'Unauthorized' } });
      }
    });

    it('recognises who proves who they are', async () => {
      const ann = await signedIn('ann@example.com');
      expect(await ann.get('/users/me')).toMatchObject({ status: 200, body: { email: 'ann@example.com' } });
      expect(await ann.get('/nowhere')).toMatchObject({ status: 404, body: { error: 'Not found' } });
    });

    it('lets nobody in on a forged proof', async () => {
      const visitors = [
        app.visitor({ cookie: 'sid=forged' }),
        app.visitor({ authorization: 'Bearer forged' }),
        app.visitor(basic('ann@example.com', 'wrong')),
      ];
      const statuses = await Promise.all(
        visitors.map(async (visitor) => (await visitor.get('/users/me')).status),
      );
      expect(statuses).toEqual([rejection, rejection, rejection]);
    });

    it('refuses a user who was disabled, at once', async () => {
      const { id } = await app.addUser('ben@example.com');
      const ben = await signedIn('ben@example.com');
      const users = app.nest.get(UsersService);
      expect((await ben.get('/users/me')).status).toBe(200);
      await users.update(id, { disabled: true });
      expect((await ben.get('/users/me')).status).toBe(rejection);
      await users.update(id, { disabled: false });
      expect((await ben.get('/users/me')).status).toBe(remembers ? rejection : 200);
    });

    it('refuses a user who was deleted, at once', async () => {
      const { id } = await app.addUser('cid@example.com');
      const cid = await signedIn('cid@example.com');
      expect(await cid.delete(`/users/${id}`)).toMatchObject({ status: 200, body: {} });
      expect((await cid.get('/users/me')).status).toBe(rejection);
    });

    it('ends every other session when the password changes and goes on with this one', async () => {
      await app.addUser('dan@example.com');
      const [here, there] = [await signedIn('dan@example.com'), await signedIn('dan@example.com')];
      const before = holding(here);
      const change = { current_password: PASSWORD, new_password: 'another good password' };
      expect(await here.put('/users/me/password', change)).toMatchObject({ status: 200 });
      expect((await there.get('/users/me')).status).toBe(rejection);
      expect((await here.get('/users/me')).status).toBe(remembers ? 200 : rejection);
      if (remembers) expect((await before.get('/users/me')).status).toBe(rejection);
      expect(
        (await app.visitor(basic('dan@example.com', 'another good password')).get('/users/me')).status,
      ).toBe(type.includes('basic_auth') ? 200 : rejection);
    });

    if (remembers) {
      it('signs out one session for good', async () => {
        const [here, there] = [await signedIn('ann@example.com'), await signedIn('ann@example.com')];
        const before = holding(here);
        expect(await here.delete('/auth_session/logout')).toMatchObject({ status: 200, body: {} });
        expect((await before.get('/users/me')).status).toBe(rejection);
        expect((await before.delete('/auth_session/logout')).status).toBe(rejection);
        expect((await there.get('/users/me')).status).toBe(200);
      });

      it(`${type === 'session_auth' ? 'lets no time end' : 'ends with time'} a session`, async () => {
        const ann = await signedIn('ann@example.com');
        app.clock.advance(3_600_000);
        expect((await ann.get('/users/me')).status).toBe(type === 'session_auth' ? 200 : rejection);
      });
    } else {
      it('has no login and no logout, and says so unless the course contract forbids it', async () => {
        const known = await signedIn('ann@example.com');
        for (const [visitor, isStranger] of [
          [app.visitor(), true],
          [known, false],
        ] as const)
          for (const answer of [
            await login(visitor, 'ann@example.com'),
            await visitor.send('POST', '/auth_session/login', 'email=a', { 'content-type': 'text/plain' }),
            await visitor.delete('/auth_session/logout'),
          ]) {
            expect(answer.status).toBe(isStranger && dialect === 'alx' ? 401 : 404);
            if (dialect === 'alx')
              expect(answer.body).toEqual({ error: isStranger ? 'Unauthorized' : 'Not found' });
            else
              expect(answer.body).toMatchObject({
                code: 'login_not_offered',
                detail: expect.stringContaining('Authorization: Basic'),
              });
          }
      });
    }
  });
}
