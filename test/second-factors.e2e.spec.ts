import { afterEach, expect, it } from '@jest/globals';
import {
  ALL_EVENTS,
  AuditStore,
  FactorResetService,
  FactorStore,
  type FactorsOptionsGiven,
  PasswordsService,
  UsersService,
} from 'coatcheck';
import { PASSWORD, TestApp, type Visitor, basic } from './support/app.js';
import { codeOf, factorsModule, setUpTotp } from './support/factors.js';
import { STORAGES } from './support/storages.js';

const ANN = 'ann@example.com';
const MINUTE = 60_000;
const STEP = 30_000;
const NEEDED = { status: 403, body: { code: 'second_factor_required' } };
const WRONG = { status: 403, body: { code: 'factor_invalid' } };
const EXPIRED = { status: 400, body: { code: 'sign_in_expired' } };
const SECOND_STEP = '/auth_session/second_step';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

for (const [storage, { describe: describeStorage, open }] of Object.entries(STORAGES)) {
  describeStorage(`Second factors, with ${storage}`, () => {
    /** Ann, on `count` servers. */
    const start = async (given: Partial<FactorsOptionsGiven> = {}, count = 1, settings = {}) => {
      const { variables, drop } = await open();
      cleanups.push(drop);
      const type = storage === 'memory' ? 'session_auth' : 'session_db_auth,token_auth';
      /** A further server on the same storage. */
      const another = async (options = given): Promise<TestApp> => {
        const all = { AUTH_TYPE: `${type},basic_auth`, MFA: 'off', ...variables, ...settings };
        const app = await TestApp.start(all, { imports: [factorsModule(options)] });
        cleanups.push(() => app.stop());
        return app;
      };
      const apps: TestApp[] = [];
      for (let index = 0; index < count; index += 1) apps.push(await another());
      const app = apps[0]!;
      const { id } = await app.addUser(ANN);
      return { app, apps, id, another };
    };
    const signedIn = async (app: TestApp, email = ANN): Promise<Visitor> => {
      const visitor = app.visitor();
      expect((await visitor.login(email)).status).toBe(200);
      return visitor;
    };
    /** Ann with an authenticator app, signed in. */
    const withTotp = async (given: Partial<FactorsOptionsGiven> = {}, count = 1, settings = {}) => {
      const started = await start(given, count, settings);
      const ann = await signedIn(started.app);
      const factor = await setUpTotp(started.app, ann);
      started.apps.forEach(({ clock }) => clock.advance(STEP));
      return { ...started, ann, ...factor };
    };
    const pending = async (app: TestApp, wish: object = {}): Promise<Visitor> => {
      const visitor = app.visitor();
      const answer = await visitor.login(ANN, PASSWORD, wish);
      expect(answer).toMatchObject(NEEDED);
      if (answer.body.pending_token) visitor.bearer = answer.body.pending_token;
      return visitor;
    };
    const typesAbout = async (app: TestApp, userId: string) => {
      const { events } = await app.nest.get(AuditStore).list({ ...ALL_EVENTS, userId }, 1000, null);
      return events.map(({ type }) => type);
    };

    it('begin with a setup that a code confirms, and end what was signed in without it', async () => {
      const { app, id } = await start();
      const [ann, other] = [await signedIn(app), await signedIn(app)];
      const begun = await ann.post('/factors/totp');
      expect(begun.body.uri).toMatch(
        /^otpauth:\/\/totp\/Example:ann%40example\.com\?issuer=Example&secret=[A-Z2-7]{32}&algorithm=SHA1&digits=6&period=30$/,
      );
      expect(begun.body.qr_code).toMatch(/^<svg [^]*<\/svg>$/);
      expect((await ann.get('/factors')).body).toMatchObject({ totp: null, recovery_codes: null });
      expect(await ann.post('/factors/totp/confirm', { code: '000000' })).toMatchObject(WRONG);
      const code = codeOf(app, begun.body.secret);
      expect(await other.post('/factors/totp/confirm', { code })).toMatchObject(WRONG);
      const confirmed = await ann.post('/factors/totp/confirm', { code });
      expect(confirmed.status).toBe(200);
      expect(new Set(confirmed.body.recovery_codes).size).toBe(10);
      expect(await other.get('/users/me')).toMatchObject({
        status: 401,
        body: { code: 'second_factor_added' },
      });
      expect((await ann.get('/sessions/current')).body.session.proofs).toEqual({
        password: expect.any(String),
        totp: expect.any(String),
      });
      expect((await ann.get('/factors')).body).toMatchObject({
        totp: { created_at: expect.any(String) },
        recovery_codes: { left: 10 },
        passkeys: [],
        required: false,
      });
      expect(await typesAbout(app, id)).toContain('factor_added');
    });

    it.each(['cookie', 'bearer'])(
      'ask for a second step, by %s, and open one session then',
      async (transport) => {
        if (transport === 'bearer' && storage === 'memory') return;
        const { app, secret, id } = await withTotp();
        const visitor = await pending(app, { transport });
        expect((await visitor.get(SECOND_STEP)).body).toEqual({ factors: ['totp', 'recovery_code'] });
        for (const [method, path] of [
          ['GET', '/users/me'],
          ['GET', '/factors'],
          ['GET', '/sessions'],
          ['POST', '/factors/totp'],
          ['DELETE', '/factors/totp'],
          ['DELETE', '/auth_session/logout'],
        ] as const)
          expect((await visitor.send(method, path)).status).toBe(401);
        expect(await visitor.post(SECOND_STEP, { code: '000000' })).toMatchObject(WRONG);
        const code = codeOf(app, secret);
        const done = await visitor.post(SECOND_STEP, { code });
        expect(done).toMatchObject({ status: 200, body: { email: ANN } });
        expect((await visitor.get('/sessions/current')).body.session).toMatchObject({
          transport,
          proofs: { password: expect.any(String), totp: expect.any(String) },
        });
        expect(await visitor.post(SECOND_STEP, { code })).toMatchObject(EXPIRED);
        expect(await typesAbout(app, id)).toEqual(
          expect.arrayContaining(['second_step_begun', 'second_step_failed', 'sign_in']),
        );
      },
    );

    it('accept each time step once, also 16 times at once, and no step but the neighbours', async () => {
      const { app, secret } = await withTotp();
      const visitors = await Promise.all(Array.from({ length: 16 }, () => pending(app)));
      const code = codeOf(app, secret);
      const answers = await Promise.all(visitors.map((one) => one.post(SECOND_STEP, { code })));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const left = visitors.filter((_, index) => answers[index]!.status !== 200);
      for (const steps of [0, -1, -2, 2, 3])
        expect(await left[0]!.post(SECOND_STEP, { code: codeOf(app, secret, steps) })).toMatchObject(WRONG);
      app.clock.advance(STEP);
      expect((await left[0]!.post(SECOND_STEP, { code: codeOf(app, secret, 1) })).status).toBe(200);
    });

    it('accept each recovery code once, also 16 times at once', async () => {
      const { app, recoveryCodes, ann } = await withTotp();
      const [first, second] = recoveryCodes;
      const visitors = await Promise.all(Array.from({ length: 16 }, () => pending(app)));
      const answers = await Promise.all(
        visitors.map((one) => one.post(SECOND_STEP, { recovery_code: first })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect((await ann.get('/factors')).body.recovery_codes.left).toBe(9);
      const again = await pending(app);
      const written = second!.toUpperCase().replaceAll('-', ' ');
      expect((await again.post(SECOND_STEP, { recovery_code: written })).status).toBe(200);
      expect((await ann.post('/factors/confirm', { recovery_code: recoveryCodes[2] })).status).toBe(200);
      const renewed = await ann.post('/factors/recovery_codes');
      expect(renewed).toMatchObject({ status: 201 });
      const old = await pending(app);
      expect(await old.post(SECOND_STEP, { recovery_code: recoveryCodes[3] })).toMatchObject(WRONG);
      const [fresh] = renewed.body.recovery_codes;
      expect((await old.post(SECOND_STEP, { recovery_code: fresh })).status).toBe(200);
    });

    if (storage !== 'memory')
      it('are checked by the key that encrypted them, and without it by a recovery code', async () => {
        const { another, secret, recoveryCodes } = await withTotp();
        const [first, second] = [
          'a-key-of-factors-with-32-characters',
          'another-key-of-at-least-32-characters',
        ];
        const keyless = await another({ key: second });
        keyless.clock.advance(STEP);
        const visitor = await pending(keyless);
        expect(await visitor.post(SECOND_STEP, { code: codeOf(keyless, secret) })).toMatchObject({
          status: 503,
          body: { code: 'codes_unavailable' },
        });
        expect((await visitor.post(SECOND_STEP, { recovery_code: recoveryCodes[0] })).status).toBe(200);
        const rotated = await another({ key: second, previousKeys: [first] });
        rotated.clock.advance(STEP);
        const next = await pending(rotated);
        expect((await next.post(SECOND_STEP, { code: codeOf(rotated, secret) })).status).toBe(200);
        keyless.clock.advance(STEP);
        const last = await pending(keyless);
        expect((await last.post(SECOND_STEP, { code: codeOf(keyless, secret) })).status).toBe(200);
      });

    it('end a pending sign-in after five minutes, and with the password', async () => {
      const { app, secret, id } = await withTotp();
      const [late, changed] = [await pending(app), await pending(app)];
      app.clock.advance(5 * MINUTE);
      expect(await late.post(SECOND_STEP, { code: codeOf(app, secret) })).toMatchObject(EXPIRED);
      expect(await changed.get(SECOND_STEP)).toMatchObject(EXPIRED);
      const next = await pending(app);
      await app.nest.get(PasswordsService).revoke(id);
      expect(await next.post(SECOND_STEP, { code: codeOf(app, secret) })).toMatchObject(EXPIRED);
    });

    it('end a pending sign-in of a user who is disabled', async () => {
      const { app, secret, id } = await withTotp();
      const visitor = await pending(app);
      await app.nest.get(UsersService).update(id, { disabled: true });
      expect(await visitor.post(SECOND_STEP, { code: codeOf(app, secret) })).toMatchObject(EXPIRED);
    });

    it('end a sign-in in flight that had found none', async () => {
      const { app } = await start();
      const ann = await signedIn(app);
      const store = app.nest.get(FactorStore);
      const find = store.find.bind(store);
      let waits = false;
      store.find = async (userId) => {
        const found = await find(userId);
        if (!waits) return found;
        waits = false;
        await setUpTotp(app, ann);
        return found;
      };
      const late = app.visitor();
      waits = true;
      expect((await late.login(ANN)).status).toBe(200);
      expect(waits).toBe(false);
      expect((await late.get('/users/me')).status).toBe(401);
      expect((await ann.get('/users/me')).status).toBe(200);
    });

    it.each(['in a session', 'while signing in'])(
      'leave no session to a client whose password is changed during the setup %s',
      async (place) => {
        const isSigningIn = place === 'while signing in';
        const { app, id } = await start({ policy: isSigningIn ? 'required' : 'optional' });
        const ann = app.visitor();
        expect((await ann.login(ANN)).status).toBe(isSigningIn ? 403 : 200);
        const path = isSigningIn ? `${SECOND_STEP}/totp` : '/factors/totp';
        const { secret } = (await ann.post(path)).body;
        const store = app.nest.get(FactorStore);
        const swap = store.swap.bind(store);
        store.swap = async (...change) => {
          await app.nest.get(PasswordsService).revoke(id);
          return swap(...change);
        };
        expect((await ann.post(`${path}/confirm`, { code: codeOf(app, secret) })).status).toBe(200);
        expect((await ann.get('/users/me')).status).toBe(401);
      },
    );

    it('take null for a proof that is left out', async () => {
      const { app, ann } = await withTotp();
      const visitor = await pending(app);
      for (const name of ['code', 'recovery_code', 'credential'])
        for (const [sender, path] of [
          [visitor, SECOND_STEP],
          [ann, '/factors/confirm'],
        ] as const)
          expect((await sender.post(path, { [name]: null })).status).toBe(400);
      const others = { recovery_code: null, credential: null };
      expect(await visitor.post(SECOND_STEP, { code: '000000', ...others })).toMatchObject(WRONG);
    });

    it('refuse Basic credentials unless the options accept them', async () => {
      const { app, id } = await withTotp();
      expect(await app.visitor(basic(ANN)).get('/users/me')).toMatchObject(NEEDED);
      expect(await app.visitor(basic(ANN, 'wrong password')).get('/users/me')).toMatchObject({ status: 401 });
      expect(await typesAbout(app, id)).toContain('sign_in_failed');
      const { app: other } = await withTotp({ basic: true });
      expect((await other.visitor(basic(ANN)).get('/users/me')).status).toBe(200);
    });

    it('are changed only after a recent proof by a factor', async () => {
      const { app, ann, secret } = await withTotp();
      app.clock.advance(6 * MINUTE);
      const stale = { status: 403, body: { code: 'session_not_fresh', proofs: expect.any(Array) } };
      for (const [method, path, body] of [
        ['DELETE', '/factors/totp'],
        ['POST', '/factors/totp'],
        ['POST', '/factors/recovery_codes'],
        ['POST', '/factors/passkey_options'],
        ['POST', '/factors/passkeys', { name: 'x', credential: {} }],
      ] as const) {
        expect(await ann.send(method, path, body)).toMatchObject(stale);
      }
      // The password is no proof of a factor.
      expect((await ann.post('/sessions/current/reauthenticate', { password: PASSWORD })).status).toBe(200);
      expect(await ann.delete('/factors/totp')).toMatchObject(stale);
      expect((await ann.post('/factors/confirm', { code: codeOf(app, secret) })).status).toBe(200);
      expect((await ann.delete('/factors/totp')).status).toBe(200);
      expect((await ann.get('/factors')).body).toMatchObject({ totp: null, recovery_codes: null });
      expect((await app.visitor().login(ANN)).status).toBe(200);
    });

    it('are required where the policy says so: a user without one sets it up while signing in', async () => {
      const { app } = await start({ policy: 'required' });
      const visitor = app.visitor();
      expect(await visitor.login(ANN)).toMatchObject({
        status: 403,
        body: { code: 'factor_setup_required', factors: [] },
      });
      expect((await visitor.get('/users/me')).status).toBe(401);
      expect(await visitor.post(SECOND_STEP, { code: '123456' })).toMatchObject(WRONG);
      const { secret } = (await visitor.post(`${SECOND_STEP}/totp`)).body;
      const code = codeOf(app, secret);
      const done = await visitor.post(`${SECOND_STEP}/totp/confirm`, { code });
      expect(done).toMatchObject({ status: 200, body: { email: ANN } });
      expect(done.body.recovery_codes).toHaveLength(10);
      expect((await visitor.get('/users/me')).status).toBe(200);
      expect(await visitor.delete('/factors/totp')).toMatchObject({
        status: 409,
        body: { code: 'last_factor' },
      });
      expect(await app.visitor(basic(ANN)).get('/users/me')).toMatchObject(NEEDED);
    });

    if (storage !== 'memory')
      it('are asked of sessions and access tokens from before the policy, too', async () => {
        const { variables, drop } = await open();
        cleanups.push(drop);
        const all = { AUTH_TYPE: 'session_db_auth,token_auth', MFA: 'off', ...variables };
        const at = async (policy: FactorsOptionsGiven['policy']) => {
          const app = await TestApp.start(all, { imports: [factorsModule({ policy })] });
          cleanups.push(() => app.stop());
          return app;
        };
        const [before, after] = [await at('optional'), await at('required')];
        await before.addUser(ANN);
        await before.addUser('ben@example.com');
        const [ann, ben] = [await signedIn(before), await signedIn(before, 'ben@example.com')];
        await setUpTotp(before, ben);
        const tokenOf = async (visitor: Visitor) => {
          const token = { label: 'Backup', scope: 'read', expires_at: '2026-02-01' };
          return (await visitor.post('/access_tokens', token)).body.token;
        };
        const meAt = (app: TestApp, visitor: Visitor) =>
          app.visitor({ cookie: visitor.cookie! }).get('/users/me');
        const [weak, strong] = [await tokenOf(ann), await tokenOf(ben)];
        for (const [visitor, token, status] of [
          [ann, weak, 403],
          [ben, strong, 200],
        ] as const) {
          expect((await meAt(before, visitor)).status).toBe(200);
          expect((await meAt(after, visitor)).status).toBe(status);
          const program = after.visitor({ authorization: `Bearer ${token}` });
          expect((await program.get('/users/me')).status).toBe(status);
        }
        expect(await meAt(after, ann)).toMatchObject(NEEDED);
        const visitor = after.visitor();
        await visitor.login(ANN);
        const { secret } = (await visitor.post(`${SECOND_STEP}/totp`)).body;
        const body = { code: codeOf(after, secret) };
        expect((await visitor.post(`${SECOND_STEP}/totp/confirm`, body)).status).toBe(200);
        expect(await meAt(after, ann)).toMatchObject({ status: 401, body: { code: 'second_factor_added' } });
      });

    it('are required of administrators alone where the policy says so', async () => {
      const { app } = await start({ policy: 'required_for_admins' });
      await app.addUser('root@example.com', 'admin');
      expect((await app.visitor().login(ANN)).status).toBe(200);
      expect(await app.visitor().login('root@example.com')).toMatchObject({
        status: 403,
        body: { code: 'factor_setup_required' },
      });
    });

    it('can be reset by an administrator, and by code of the application', async () => {
      const { app, id, ann } = await withTotp();
      await app.addUser('root@example.com', 'admin');
      const root = await signedIn(app, 'root@example.com');
      expect((await ann.delete(`/users/${id}/factors`)).status).toBe(403);
      expect((await root.get(`/users/${id}/factors`)).body).toMatchObject({ recovery_codes: { left: 10 } });
      expect((await root.delete(`/users/${id}/factors`)).status).toBe(200);
      expect((await app.visitor().login(ANN)).status).toBe(200);
      expect(await app.nest.get(FactorResetService).reset(id)).toBe(false);
      expect(await typesAbout(app, id)).toContain('factors_reset');
    });

    it('are not reset by an administrator who has proved the password only, but has a factor', async () => {
      const { app } = await start();
      const { id } = await app.addUser('root@example.com', 'admin');
      const root = await signedIn(app, 'root@example.com');
      const { secret } = await setUpTotp(app, root);
      app.clock.advance(6 * MINUTE);
      expect((await root.post('/sessions/current/reauthenticate', { password: PASSWORD })).status).toBe(200);
      expect(await root.delete(`/users/${id}/factors`)).toMatchObject({
        status: 403,
        body: { code: 'session_not_fresh', proofs: ['totp', 'passkey', 'recovery_code'] },
      });
      expect((await root.post('/factors/confirm', { code: codeOf(app, secret) })).status).toBe(200);
      expect((await root.delete(`/users/${id}/factors`)).status).toBe(200);
    });

    it('count wrong codes against the account, whatever the password, on all servers', async () => {
      const { app, apps, secret, recoveryCodes } = await withTotp({}, storage === 'memory' ? 1 : 2, {
        AUTH_THROTTLE: 'on',
      });
      let visitor = await pending(app);
      for (let count = 0; count < 12; count += 1) {
        // A right password does not reset the count.
        if (count % 3 === 0) visitor = await pending(apps[count % apps.length]!);
        await visitor.post(SECOND_STEP, { code: '000000' });
      }
      expect(await visitor.post(SECOND_STEP, { code: codeOf(app, secret) })).toMatchObject(WRONG);
      // Nobody guesses a recovery code, so it lets the owner in.
      expect((await visitor.post(SECOND_STEP, { recovery_code: recoveryCodes[0] })).status).toBe(200);
    });
  });
}
