import { afterEach, describe, expect, it } from '@jest/globals';
import { ALL_EVENTS, AuditStore } from 'coatcheck';
import { type Answer, PASSWORD, TestApp, basic } from './support/app.js';

const MINUTE = 60_000;

describe.each(['session_db_auth', 'session_db_auth,basic_auth', 'basic_auth'])(
  'Guessing under %s',
  (type) => {
    let app: TestApp;
    afterEach(() => app.stop());

    const start = async (variables: Readonly<Record<string, string>> = {}) => {
      app = await TestApp.start({ AUTH_TYPE: type, TRUST_PROXY: '1', STORE_TIMEOUT: '10s', ...variables });
      await app.addUser('ann@example.com');
    };
    const hasBasic = type.includes('basic_auth');
    const hasLogin = type.includes('session');
    let addresses = 0;
    /** Each is of another /24. */
    const elsewhere = () => `10.${(addresses += 1) >> 8}.${addresses & 255}.1`;

    /** One attempt by each way that there is, in turn. */
    const attempt = async (
      password: string,
      ip = elsewhere(),
      email = 'ann@example.com',
    ): Promise<Answer> => {
      const isByHeader = hasBasic && (!hasLogin || addresses % 2 === 0);
      const from = { 'x-forwarded-for': ip };
      if (!isByHeader) return app.visitor(from).login(email, password);
      return app.visitor({ ...from, ...basic(email, password) }).get('/users/me');
    };

    it('counts 200 attempts at once as if they came one by one', async () => {
      await start();
      const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => attempt(`guess ${index}`)));
      const [wrong, turnedAway, busy] = [401, 429, 503].map(
        (code) => answers.filter(({ status }) => status === code).length,
      );
      expect(wrong! + turnedAway! + busy!).toBe(200);
      expect(wrong).toBeGreaterThan(5);
      expect((await attempt(PASSWORD)).status).toBe(401);
      app.clock.advance(1000);
      expect((await attempt(PASSWORD)).status).toBe(200);
    });

    it('counts one account for all ways to sign in, and admits its owner after the delay', async () => {
      await start();
      for (let made = 0; made < 5; made += 1) expect((await attempt('guess')).status).toBe(401);
      expect((await attempt(PASSWORD)).status).toBe(401);
      app.clock.advance(1000);
      expect((await attempt(PASSWORD)).status).toBe(200);
    });

    it('answers at a throttled account as to a wrong password', async () => {
      await start();
      const facts = ({ status, headers, body }: Answer) => {
        const { requestId: _, ...rest } = body;
        return {
          status,
          rest,
          headers: [...headers.entries()].filter(([name]) => !/^(date|x-request-id)$/.test(name)),
        };
      };
      addresses = 0;
      const wrong = facts(await attempt('guess'));
      for (let made = 0; made < 4; made += 1) await attempt('guess');
      addresses = 0;
      expect(facts(await attempt(PASSWORD))).toEqual(wrong);
      addresses = 0;
      expect(facts(await attempt('guess', elsewhere(), 'nobody@example.com'))).toEqual(wrong);
    });

    it('refuses a network that failed 50 times, and says until when', async () => {
      await start();
      for (let made = 0; made < 50; made += 1)
        await attempt('guess', '203.0.113.7', `nobody-${made}@example.com`);
      app.clock.advance(MINUTE);
      const refused = await attempt(PASSWORD, '203.0.113.7');
      expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
      expect(refused.headers.get('retry-after')).toBe('540');
      expect((await attempt(PASSWORD, '203.0.113.8')).status).toBe(200);
      app.clock.advance(9 * MINUTE);
      expect((await attempt(PASSWORD, '203.0.113.7')).status).toBe(200);
    });

    it('believes no forwarding header of a client', async () => {
      await start({ TRUST_PROXY: '0' });
      const disguised = (made: number) => ({
        'x-forwarded-for': `203.0.113.${made}`,
        forwarded: `for=203.0.113.${made}`,
        'x-real-ip': `203.0.113.${made}`,
      });
      for (let made = 0; made < 50; made += 1) {
        const { status } = hasLogin
          ? await app.visitor(disguised(made)).login(`nobody-${made}@example.com`, 'guess')
          : await app
              .visitor({ ...disguised(made), ...basic(`nobody-${made}@example.com`, 'guess') })
              .get('/users/me');
        expect(status).toBe(401);
      }
      expect((await attempt(PASSWORD)).status).toBe(429);
    });

    it('counts nothing where that is switched off', async () => {
      await start({ AUTH_THROTTLE: 'off' });
      for (let made = 0; made < 60; made += 1) await attempt('guess', '203.0.113.7');
      expect((await attempt(PASSWORD, '203.0.113.7')).status).toBe(200);
    });

    it('is forgiven by an administrator who enables the account', async () => {
      await start();
      await app.addUser('eve@example.com', 'admin');
      const { body } = await attempt(PASSWORD);
      const admin = app.visitor(hasLogin ? {} : basic('eve@example.com'));
      if (hasLogin) await admin.login('eve@example.com');
      for (let made = 0; made < 52; made += 1) {
        await attempt('guess');
        app.clock.advance(15 * MINUTE);
      }
      const from = '192.0.2.77';
      await attempt('guess');
      app.clock.advance(15 * MINUTE);
      expect((await attempt(PASSWORD, from)).status).toBe(401);
      if (hasLogin) await admin.login('eve@example.com');
      expect((await admin.put(`/users/${body.id}`, { disabled: false })).status).toBe(200);
      expect((await attempt(PASSWORD, from)).status).toBe(200);
    });

    if (hasLogin) {
      it('lets in a browser with a session token of the account, even if the session has ended', async () => {
        await start();
        const owner = app.visitor({ 'x-forwarded-for': '192.0.2.7' });
        await owner.login('ann@example.com');
        for (let made = 0; made < 5; made += 1) await attempt('guess');
        app.clock.advance(31 * MINUTE);
        for (let made = 0; made < 5; made += 1) await attempt('guess');
        const away = app.visitor({ 'x-forwarded-for': '192.0.2.200' });
        const forged = owner.cookie!.replace(/\.(.)/, (_, first) => (first === 'A' ? '.B' : '.A'));
        for (const cookie of [null, forged]) {
          away.cookie = cookie;
          expect((await away.login('ann@example.com')).status).toBe(401);
        }
        away.cookie = owner.cookie;
        expect((await away.login('ann@example.com')).status).toBe(200);
      });

      it('counts what is tried as the current password', async () => {
        await start();
        const ann = app.visitor({ 'x-forwarded-for': '192.0.2.7' });
        await ann.login('ann@example.com');
        const change = (current_password: string) =>
          ann.put('/users/me/password', { current_password, new_password: 'another good password' });
        for (let made = 0; made < 5; made += 1) expect((await change('guess')).status).toBe(403);
        expect(await change(PASSWORD)).toMatchObject({
          status: 403,
          body: { code: 'current_password_wrong' },
        });
        app.clock.advance(1000);
        expect((await change(PASSWORD)).status).toBe(200);
      });
    }

    it('is out of order where the counts cannot be had', async () => {
      await start();
      await app.closeStores();
      expect((await attempt('guess')).status).toBe(503);
    });
  },
);

/** Routes that verify a password of the body, and bodies that are refused whatever the password is. */
const REFUSED: Readonly<Record<string, readonly ((password: string) => object)[]>> = {
  'POST /auth_session/login': [
    (password) => ({ email: 'ann@example.com', password, transport: 'header' }),
    (password) => ({ email: 'ann@example.com', password, transport: 'bearer' }),
    (password) => ({ email: 'ann@example.com', password, transport: 'bearer', remember: true }),
    (password) => ({ email: 'ann@example.com', password, remember: 'yes' }),
    (password) => ({ email: 'ann@example.com', password, label: 'Laptop' }),
    (password) => ({ email: ['ann@example.com'], password }),
    (password) => ({ email: 'ann@example.com', password: [password] }),
  ],
  'POST /sessions/current/reauthenticate': [
    (password) => ({ password, transport: 'cookie' }),
    (password) => ({ password: { password } }),
  ],
  'PUT /users/me/password': [
    (password) => ({ current_password: password, new_password: 'short' }),
    (password) => ({ current_password: password, new_password: 'ann@example.com!' }),
    (password) => ({ current_password: password, new_password: 'x'.repeat(300) }),
    (password) => ({ current_password: password, new_password: password }),
    (password) => ({ current_password: password }),
    (password) => ({ current_password: password, new_password: 'another good password', remember: true }),
    (password) => ({ current_password: [password], new_password: 'another good password' }),
  ],
};

describe.each(Object.entries(REFUSED))('What is wrong with the body of %s', (route, bodies) => {
  let app: TestApp;
  afterEach(() => app.stop());

  it('is told before the password is looked at, and no attempt is counted', async () => {
    app = await TestApp.start({ AUTH_FAILURES_PER_NETWORK: '2' });
    await app.addUser('ann@example.com');
    const ann = app.visitor();
    await ann.login('ann@example.com');
    const { events: before } = await app.nest.get(AuditStore).list(ALL_EVENTS, 100, null);
    const [method = '', path = ''] = route.split(' ');
    for (const body of bodies) {
      const answers: Record<string, unknown>[] = [];
      for (const password of [PASSWORD, 'not this password', PASSWORD, 'not this password']) {
        const { status, body: answer } = await ann.send(method, path, body(password));
        answers.push({ status, ...answer, requestId: null });
      }
      expect(answers).toEqual(Array.from({ length: 4 }, () => ({ ...answers[0], status: 400 })));
    }
    const { events } = await app.nest.get(AuditStore).list(ALL_EVENTS, 100, null);
    expect(events).toEqual(before);
    expect((await app.visitor().login('ann@example.com')).status).toBe(200);
  });
});
