import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { PasswordResetService, UsersOptions } from 'coatcheck';
import { PASSWORD, TestApp, type Visitor } from './support/app.js';
import { STORAGES } from './support/storages.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const EMAIL = 'ann@example.com';
const NEXT = 'another good password';

for (const [storage, { describe: describeStorage, open }] of Object.entries(STORAGES)) {
  describeStorage(`Limits on guesses, with ${storage}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let apps: TestApp[] = [];
    let turn = 0;

    beforeEach(async () => {
      opened = await open();
    });

    afterEach(async () => {
      for (const app of apps) await app.stop();
      await opened.drop();
    });

    /** Two processes, or the one that memory has. */
    const start = async (more: Readonly<Record<string, string>> = {}, addsUser = true) => {
      const { variables } = opened;
      const type = storage === 'memory' ? 'session_exp_auth' : 'session_db_auth';
      const start = () => TestApp.start({ AUTH_TYPE: type, TRUST_PROXY: '1', ...variables, ...more });
      apps = [await start()];
      if (storage !== 'memory') apps.push(await start());
      return addsUser ? apps[0]!.addUser(EMAIL) : null;
    };
    const nextApp = () => apps[(turn += 1) % apps.length]!;
    const wait = (ms: number) => apps.forEach(({ clock }) => clock.advance(ms));
    const from = (ip: string): Visitor => nextApp().visitor({ 'x-forwarded-for': ip });
    const login = async (ip: string, password = PASSWORD, email = EMAIL) =>
      (await from(ip).login(email, password)).status;
    let addresses = 0;
    /** Each is of another /24. */
    const elsewhere = () => `10.${(addresses += 1) >> 8}.${addresses & 255}.1`;

    it.each([
      ['one network', () => '203.0.113.7'],
      ['as many networks', elsewhere],
    ])('let the owner in 15 minutes after 30 guesses in 4.3 hours from %s', async (_, address) => {
      await start();
      for (let made = 0; made < 30; made += 1) {
        if (made > 0) wait(15 * MINUTE);
        expect(await login(address(), 'guess')).toBe(401);
      }
      expect(await login(address())).toBe(401);
      wait(15 * MINUTE);
      expect(await login(address())).toBe(200);
      expect(await login('192.0.2.1')).toBe(200);
    });

    it('leave the owner a known network, a known browser and a reset token when unknown clients have none left', async () => {
      const user = await start();
      const owner = from('192.0.2.7');
      await owner.login(EMAIL);
      for (let made = 0; made < 55; made += 1) {
        await login(elsewhere(), 'guess');
        wait(15 * MINUTE);
      }
      expect(await login('198.51.100.1')).toBe(401);
      expect(await login('192.0.2.7')).toBe(200);
      const browser = apps[0]!.visitor({ 'x-forwarded-for': '198.51.100.1' });
      const home = from('192.0.2.7');
      await home.login(EMAIL);
      browser.cookie = home.cookie;
      expect((await browser.login(EMAIL)).status).toBe(200);
      const { token } = await apps[0]!.nest.get(PasswordResetService).issue(user!.id);
      const body = { token: token.reveal(), new_password: NEXT };
      expect((await from('198.51.100.2').post('/password/reset', body)).status).toBe(200);
      expect(await login('198.51.100.1', NEXT)).toBe(200);
    });

    it('age, so that nobody is locked out for ever', async () => {
      await start();
      for (let made = 0; made < 55; made += 1) {
        await login(elsewhere(), 'guess');
        wait(15 * MINUTE);
      }
      expect(await login('198.51.100.1')).toBe(401);
      wait(DAY);
      expect(await login('198.51.100.1')).toBe(200);
    });

    it('are not used up for others by one IPv6 /48, nor by many', async () => {
      await start({ AUTH_FAILURES_PER_NETWORK: '10', AUTH_FAILURES_PER_SERVER: '40' });
      const nobody = (index: number) => `nobody-${index}@example.com`;
      for (let index = 0; index < 45; index += 1)
        await login(`2001:db8:1:${index.toString(16)}00::1`, 'guess', nobody(index));
      expect(await login('2001:db8:1:ffff::1')).toBe(429);
      // These are not slowed, as one /48 does not fill the limit of the server.
      for (let index = 0; index < 5; index += 1)
        expect(await login('192.0.2.7', 'guess', nobody(index))).toBe(401);
      expect(await login('192.0.2.7')).toBe(200);
      for (let index = 0; index < 40; index += 1) await login(elsewhere(), 'guess', nobody(index));
      const stranger = '198.51.100.1';
      expect(await login(stranger)).toBe(200);
      expect(await login('198.51.100.9', 'guess', nobody(0))).toBe(401);
      const refused = await from('198.51.100.9').login(nobody(0), 'guess');
      expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
      expect(refused.headers.get('retry-after')).toBe('600');
      expect(await login('192.0.2.7')).toBe(200);
      wait(10 * MINUTE);
      expect(await login('198.51.100.9', 'guess', nobody(0))).toBe(401);
    });

    it('go with the user when the address changes', async () => {
      await start();
      const thief = from('192.0.2.7');
      await thief.login(EMAIL);
      const prove = (password: string) =>
        thief.send('POST', '/sessions/current/reauthenticate', { password });
      for (let made = 0; made < 5; made += 1) {
        expect(await prove('guess')).toMatchObject({ status: 403, body: { code: 'current_password_wrong' } });
        const email = `ann-${made}@example.com`;
        expect((await thief.put('/users/me', { email })).status).toBe(200);
      }
      expect((await prove(PASSWORD)).status).toBe(403);
      for (let made = 0; made < 5; made += 1)
        expect(
          await login('198.51.100.1', 'guess', ['ann-4@example.com', ' ANN-4@example.com'][made % 2]),
        ).toBe(401);
      expect((await thief.put('/users/me', { email: EMAIL })).status).toBe(200);
      expect(await login('198.51.100.1')).toBe(401);
      wait(SECOND);
      expect((await prove(PASSWORD)).status).toBe(200);
      expect(await login('198.51.100.1')).toBe(200);
    });

    it('hold for the setup code, from however many networks', async () => {
      await start({ SETUP_CODE: 'a code of sixteen' }, false);
      const found = (ip: string, setup_code: string | null = null) =>
        from(ip).post('/users', { email: EMAIL, password: PASSWORD, setup_code });
      const { setupCode } = apps[0]!.nest.get(UsersOptions);
      const answers = [];
      for (let made = 0; made < 100; made += 1) answers.push(await found(elsewhere(), `guess ${made}`));
      expect(answers.slice(0, 5).map(({ body }) => body.code)).toEqual(
        Array.from({ length: 5 }, () => 'setup_code_required'),
      );
      for (const answer of answers.slice(5)) {
        expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
        expect(answer.headers.get('retry-after')).toBe('1');
      }
      expect((await found(elsewhere(), setupCode)).status).toBe(429);
      expect((await found(elsewhere())).body.code).toBe('setup_code_required');
      wait(15 * MINUTE);
      expect((await found(elsewhere(), setupCode)).status).toBe(201);
    });

    it('hold for reset tokens, of networks alone', async () => {
      const user = await start();
      const { token } = await apps[0]!.nest.get(PasswordResetService).issue(user!.id);
      const text = token.reveal();
      const reset = (ip: string, given: string) =>
        from(ip).post('/password/reset', { token: given, new_password: NEXT });
      const guesses = ['reset-none', text.replace(/.{43}$/, 'A'.repeat(43)), `${text} `];
      for (let made = 0; made < 50; made += 1)
        expect(await reset('203.0.113.7', guesses[made % 3]!)).toMatchObject({
          status: 400,
          body: { code: 'reset_token_invalid' },
        });
      for (const given of [text, ...guesses]) {
        const refused = await reset('203.0.113.7', given);
        expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
        expect(refused.headers.get('retry-after')).toBe('600');
      }
      expect(await login('203.0.113.7')).toBe(429);
      expect(await login('198.51.100.1')).toBe(200);
      wait(10 * MINUTE);
      expect((await reset('203.0.113.7', text)).status).toBe(200);
    });
  });
}
