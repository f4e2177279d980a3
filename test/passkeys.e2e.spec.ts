import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import { ALL_EVENTS, AuditStore, FactorStore, type FactorsOptionsGiven } from 'coatcheck';
import { TestApp, type Visitor } from './support/app.js';
import { ORIGIN, codeOf, factorsModule, setUpTotp } from './support/factors.js';
import { FLAGS, SoftPasskey, type Twist } from './support/soft-passkey.js';
import { STORAGES } from './support/storages.js';

const ANN = 'ann@example.com';
const BEN = 'ben@example.com';
const MINUTE = 60_000;
const NEEDED = { status: 403, body: { code: 'second_factor_required' } };
const WRONG = { status: 403, body: { code: 'factor_invalid' } };
const EXPIRED = { status: 400, body: { code: 'sign_in_expired' } };
const SECOND_STEP = '/auth_session/second_step';
const PASSKEY = '/auth_session/passkey';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

for (const [storage, { describe: describeStorage, open }] of Object.entries(STORAGES)) {
  describeStorage(`Passkeys, with ${storage}`, () => {
    const start = async (given: Partial<FactorsOptionsGiven> = {}) => {
      const { variables, drop } = await open();
      cleanups.push(drop);
      const type = storage === 'memory' ? 'session_auth' : 'session_db_auth,token_auth';
      const all = { AUTH_TYPE: type, MFA: 'off', ...variables };
      const app = await TestApp.start(all, { imports: [factorsModule(given)] });
      cleanups.push(() => app.stop());
      const [{ id }, { id: otherId }] = [await app.addUser(ANN), await app.addUser(BEN)];
      return { app, id, otherId };
    };
    const signedIn = async (app: TestApp, email = ANN): Promise<Visitor> => {
      const visitor = app.visitor();
      expect((await visitor.login(email)).status).toBe(200);
      return visitor;
    };
    const register = async (visitor: Visitor, twist: Twist = {}, name = 'My laptop') => {
      const passkey = new SoftPasskey('example.com', ORIGIN);
      const begun = await visitor.post('/factors/passkey_options');
      expect(begun.status).toBe(200);
      const credential = passkey.create(begun.body.options, twist);
      return { passkey, credential, answer: await visitor.post('/factors/passkeys', { name, credential }) };
    };
    /** Ann with a passkey, signed in, and Ben with another one. */
    const withPasskeys = async (given: Partial<FactorsOptionsGiven> = {}) => {
      const started = await start(given);
      const [ann, ben] = [await signedIn(started.app), await signedIn(started.app, BEN)];
      const { passkey, answer } = await register(ann);
      expect(answer.status).toBe(201);
      const { passkey: other, answer: added } = await register(ben);
      expect(added.status).toBe(201);
      return { ...started, ann, ben, passkey, other };
    };
    const pending = async (app: TestApp, email = ANN): Promise<Visitor> => {
      const visitor = app.visitor();
      expect(await visitor.login(email)).toMatchObject(NEEDED);
      return visitor;
    };
    const typesAbout = async (app: TestApp, userId: string) => {
      const { events } = await app.nest.get(AuditStore).list({ ...ALL_EVENTS, userId }, 1000, null);
      return events.map(({ type }) => type);
    };

    it('are added, listed, named and removed', async () => {
      const { app, ann, passkey } = await withPasskeys();
      const listed = (await ann.get('/factors')).body;
      expect(listed).toMatchObject({
        passkeys: [{ id: passkey.id, name: 'My laptop', last_used_at: null, backed_up: false }],
        recovery_codes: { left: 10 },
        totp: null,
      });
      expect(JSON.stringify(listed)).not.toMatch(/key"|handle|counter/i);
      const second = await register(ann, {}, 'My phone');
      expect(second.answer).toMatchObject({ status: 201, body: { recovery_codes: null } });
      expect(
        await ann.send('PATCH', `/factors/passkeys/${passkey.id}`, { name: 'Old laptop' }),
      ).toMatchObject({ status: 200, body: { name: 'Old laptop' } });
      expect((await ann.delete(`/factors/passkeys/${second.passkey.id}`)).status).toBe(200);
      expect((await ann.delete(`/factors/passkeys/${second.passkey.id}`)).status).toBe(404);
      expect((await ann.delete(`/factors/passkeys/${passkey.id}`)).status).toBe(200);
      expect((await app.visitor().login(ANN)).status).toBe(200);
    });

    it('make options that tell nothing of the user, and exclude those that there are', async () => {
      const { ann, passkey, id } = await withPasskeys();
      const { options } = (await ann.post('/factors/passkey_options')).body;
      expect(options).toMatchObject({
        rp: { id: 'example.com', name: 'Example' },
        user: { name: ANN },
        excludeCredentials: [{ id: passkey.id }],
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      const handle = Buffer.from(options.user.id, 'base64url');
      expect(handle).toHaveLength(64);
      expect(handle.toString('latin1')).not.toContain(id);
    });

    it('finish a sign-in by password, once for each challenge', async () => {
      const { app, passkey, id } = await withPasskeys();
      const visitor = await pending(app);
      const { options } = (await visitor.post(`${SECOND_STEP}/options`)).body;
      expect(options.allowCredentials).toMatchObject([{ id: passkey.id }]);
      const credential = passkey.get(options);
      expect((await visitor.post(SECOND_STEP, { credential })).status).toBe(200);
      expect((await visitor.get('/sessions/current')).body.session.proofs).toEqual({
        password: expect.any(String),
        passkey: expect.any(String),
      });
      const again = await pending(app);
      expect(await again.post(SECOND_STEP, { credential })).toMatchObject(WRONG);
      expect(await typesAbout(app, id)).toContain('second_step_failed');
    });

    it('sign in without a user name and a password, in the browser that began it', async () => {
      const { app, passkey } = await withPasskeys();
      const visitor = app.visitor();
      const { options } = (await visitor.post(`${PASSKEY}/options`)).body;
      expect(options.allowCredentials ?? []).toEqual([]);
      const credential = passkey.get(options);
      expect(await app.visitor().post(PASSKEY, { credential })).toMatchObject(WRONG);
      expect(await visitor.post(PASSKEY, { credential })).toMatchObject({
        status: 200,
        body: { email: ANN },
      });
      expect((await visitor.get('/sessions/current')).body.session.proofs).toEqual({
        passkey: expect.any(String),
      });
      expect(await visitor.post(PASSKEY, { credential })).toMatchObject(WRONG);
      expect((await visitor.get('/factors')).body.passkeys[0].last_used_at).not.toBeNull();
      if (storage === 'memory') return;
      const program = app.visitor();
      const begun = (await program.post(`${PASSKEY}/options`, { transport: 'bearer' })).body;
      program.bearer = null;
      const signed = await program.post(PASSKEY, {
        transport: 'bearer',
        token: begun.token,
        credential: passkey.get(begun.options),
      });
      expect(signed).toMatchObject({ status: 200, body: { email: ANN, token: expect.any(String) } });
    });

    it('satisfy a policy that requires a second factor', async () => {
      const { app, id } = await start({ policy: 'required' });
      const visitor = app.visitor();
      expect((await visitor.login(ANN)).body.code).toBe('factor_setup_required');
      const passkey = new SoftPasskey('example.com', ORIGIN);
      const { options } = (await visitor.post(`${SECOND_STEP}/passkey_options`)).body;
      const added = await visitor.post(`${SECOND_STEP}/passkeys`, {
        name: 'Key',
        credential: passkey.create(options),
      });
      expect(added).toMatchObject({ status: 200, body: { email: ANN } });
      expect(added.body.recovery_codes).toHaveLength(10);
      const other = app.visitor();
      const request = (await other.post(`${PASSKEY}/options`)).body.options;
      expect((await other.post(PASSKEY, { credential: passkey.get(request) })).status).toBe(200);
      expect((await other.get('/users/me')).body.id).toBe(id);
      expect((await other.delete(`/factors/passkeys/${passkey.id}`)).body.code).toBe('last_factor');
    });

    it('are refused and recorded if their counter goes back, or only recorded where the options say so', async () => {
      for (const refuseCopies of [true, false]) {
        const given = { passkeys: { rpId: 'example.com', origins: [ORIGIN], refuseCopies } };
        const { app, passkey, id } = await withPasskeys(given);
        const use = async (twist: Twist) => {
          const visitor = app.visitor();
          const { options } = (await visitor.post(`${PASSKEY}/options`)).body;
          return (await visitor.post(PASSKEY, { credential: passkey.get(options, twist) })).status;
        };
        expect(await use({ counter: 7 })).toBe(200);
        expect(await use({ counter: 7 })).toBe(refuseCopies ? 403 : 200);
        expect(await use({ counter: 3 })).toBe(refuseCopies ? 403 : 200);
        expect(await use({ counter: 0 })).toBe(refuseCopies ? 403 : 200);
        expect(await typesAbout(app, id)).toContain('passkey_copied');
        expect(await use({ counter: 8 })).toBe(200);
      }
    });

    it('are not added for a user whose factors were removed in the meantime', async () => {
      const { ann, passkey } = await withPasskeys();
      const other = new SoftPasskey('example.com', ORIGIN);
      const { options } = (await ann.post('/factors/passkey_options')).body;
      expect((await ann.delete(`/factors/passkeys/${passkey.id}`)).status).toBe(200);
      const body = { name: 'x', credential: other.create(options) };
      expect(await ann.post('/factors/passkeys', body)).toMatchObject(WRONG);
      expect((await register(ann)).answer.status).toBe(201);
    });

    it('are added without a look at what states their maker: its certificates name URLs to fetch', async () => {
      const { app } = await start();
      const ann = await signedIn(app);
      const statement = new Map<string, unknown>([
        ['alg', -7],
        ['sig', new Uint8Array(70)],
        ['x5c', [new Uint8Array(9), new Uint8Array(9)]],
      ]);
      for (const format of [
        'android-key',
        'android-safetynet',
        'apple',
        'fido-u2f',
        'packed',
        'tpm',
        'another',
      ])
        expect((await register(ann, { attestation: [format, statement] })).answer.status).toBe(201);
    });

    it('cannot be added in more than twenty, nor twice', async () => {
      const { ann, passkey } = await withPasskeys();
      expect((await register(ann, { id: passkey.id })).answer).toMatchObject(WRONG);
      for (let count = 1; count < 20; count += 1) expect((await register(ann)).answer.status).toBe(201);
      expect((await register(ann)).answer).toMatchObject({
        status: 409,
        body: { code: 'factor_limit_reached' },
      });
    });

    const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const lies: Readonly<Record<string, Twist>> = {
      'another origin': { origin: 'https://evil.example' },
      'an origin that begins with ours': { origin: 'https://app.example.com.evil.example' },
      'an origin with another scheme': { origin: 'http://app.example.com' },
      'an origin with another port': { origin: 'https://app.example.com:8443' },
      'another RP id': { rpId: 'evil.example' },
      'a sub-domain as RP id': { rpId: 'app.example.com' },
      'another challenge': { challenge: randomBytes(32).toString('base64url') },
      'no challenge': { challenge: '' },
      'a page that another site frames': { crossOrigin: true },
      'the page that frames it': { topOrigin: 'https://evil.example' },
      'no user presence': { flags: FLAGS.UV },
      'no user verification': { flags: FLAGS.UP },
      'no flags': { flags: 0 },
    };

    /** What is decided of an answer does not depend on the storage: the others tell the first lie only. */
    const told = (all: Readonly<Record<string, Twist>>) =>
      Object.entries(all).slice(0, storage === 'memory' ? undefined : 1);

    it.each(told({ ...lies, 'the type of a use': { type: 'webauthn.get' } }))(
      'are not added with %s',
      async (_, twist) => {
        const { app } = await start();
        const ann = await signedIn(app);
        expect((await register(ann, twist)).answer).toMatchObject(WRONG);
        expect((await ann.get('/factors')).body.passkeys).toEqual([]);
        expect((await app.visitor().login(ANN)).status).toBe(200);
      },
    );

    it.each(
      told({
        ...lies,
        'the type of a registration': { type: 'webauthn.create' },
        'the key of somebody else': { key: foreign },
        'an unknown id': { id: randomBytes(16).toString('base64url') },
        'the handle of nobody': { handle: randomBytes(64).toString('base64url') },
      }),
    )('do not sign in with %s', async (_, twist) => {
      const { app, passkey } = await withPasskeys();
      const visitor = app.visitor();
      const { options } = (await visitor.post(`${PASSKEY}/options`)).body;
      expect(await visitor.post(PASSKEY, { credential: passkey.get(options, twist) })).toMatchObject(WRONG);
      const second = await pending(app);
      const step = (await second.post(`${SECOND_STEP}/options`)).body.options;
      expect(await second.post(SECOND_STEP, { credential: passkey.get(step, twist) })).toMatchObject(WRONG);
      expect((await second.get('/users/me')).status).toBe(401);
      // The lie used the challenge up.
      expect(await second.post(SECOND_STEP, { credential: passkey.get(step) })).toMatchObject(WRONG);
    });

    it('of another user open nothing', async () => {
      const { app, passkey, other, ann, ben } = await withPasskeys();
      const visitor = await pending(app);
      const step = async () => (await visitor.post(`${SECOND_STEP}/options`)).body.options;
      const annHandle = passkey.handle!;
      expect(await visitor.post(SECOND_STEP, { credential: other.get(await step()) })).toMatchObject(WRONG);
      const twisted = other.get(await step(), { id: passkey.id, handle: annHandle });
      expect(await visitor.post(SECOND_STEP, { credential: twisted })).toMatchObject(WRONG);
      const open = app.visitor();
      const { options } = (await open.post(`${PASSKEY}/options`)).body;
      const mixed = other.get(options, { handle: annHandle });
      expect(await open.post(PASSKEY, { credential: mixed })).toMatchObject(WRONG);
      expect((await ann.delete(`/factors/passkeys/${other.id}`)).status).toBe(404);
      expect((await ann.send('PATCH', `/factors/passkeys/${other.id}`, { name: 'x' })).status).toBe(404);
      expect((await ben.get('/factors')).body.passkeys).toHaveLength(1);
    });

    it('have challenges of one purpose, one place and five minutes', async () => {
      const { app, passkey, ann } = await withPasskeys();
      const [one, two] = [await pending(app), await pending(app)];
      const first = (await one.post(`${SECOND_STEP}/options`)).body.options;
      expect(await two.post(SECOND_STEP, { credential: passkey.get(first) })).toMatchObject(WRONG);
      const confirm = (await ann.post('/factors/confirm/options')).body.options;
      expect(await two.post(SECOND_STEP, { credential: passkey.get(confirm) })).toMatchObject(WRONG);
      const open = app.visitor();
      const discovered = (await open.post(`${PASSKEY}/options`)).body.options;
      expect(await two.post(SECOND_STEP, { credential: passkey.get(discovered) })).toMatchObject(WRONG);
      const fresh = (await ann.post('/factors/passkey_options')).body.options;
      expect(await ann.post('/factors/confirm', { credential: passkey.get(fresh) })).toMatchObject(WRONG);
      const newer = (await one.post(`${SECOND_STEP}/options`)).body.options;
      expect(await one.post(SECOND_STEP, { credential: passkey.get(first) })).toMatchObject(WRONG);
      expect(await one.post(SECOND_STEP, { credential: passkey.get(newer) })).toMatchObject(WRONG);
      const late = (await open.post(`${PASSKEY}/options`)).body.options;
      app.clock.advance(5 * MINUTE);
      expect(await open.post(PASSKEY, { credential: passkey.get(late) })).toMatchObject(WRONG);
    });

    it('sign in once for 16 equal answers at once', async () => {
      const { app, passkey } = await withPasskeys();
      const visitor = app.visitor();
      const { options } = (await visitor.post(`${PASSKEY}/options`)).body;
      const credential = passkey.get(options);
      const steps = [...visitor.steps.values()].join('; ');
      const answers = await Promise.all(
        Array.from({ length: 16 }, () =>
          app.visitor().send('POST', PASSKEY, { credential }, { cookie: steps }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    });

    it('answer every shape of nonsense with a refusal', async () => {
      const { app, passkey, ann } = await withPasskeys();
      const visitor = app.visitor();
      const options = (await visitor.post(`${PASSKEY}/options`)).body.options;
      const good = passkey.get(options) as { response: Record<string, string> };
      const junk: unknown[] = [
        {},
        { id: 1 },
        { ...good, id: '' },
        { ...good, response: null },
        { ...good, response: [] },
        { ...good, response: { ...good.response, clientDataJSON: 'e30' } },
        { ...good, response: { ...good.response, clientDataJSON: 7 } },
        { ...good, response: { ...good.response, authenticatorData: 'AA' } },
        { ...good, response: { ...good.response, authenticatorData: 'A'.repeat(9000) } },
        { ...good, response: { ...good.response, signature: '!!' } },
        { ...good, response: { ...good.response, userHandle: { length: 64 } } },
        { ...good, rawId: 'other' },
        { ...good, ['__proto__']: { id: 'x' } },
      ];
      for (const credential of junk) {
        const another = app.visitor();
        await another.post(`${PASSKEY}/options`);
        expect([400, 403]).toContain((await another.post(PASSKEY, { credential })).status);
        const second = await pending(app);
        await second.post(`${SECOND_STEP}/options`);
        expect([400, 403]).toContain((await second.post(SECOND_STEP, { credential })).status);
        await ann.post('/factors/passkey_options');
        expect([400, 403]).toContain((await ann.post('/factors/passkeys', { name: 'x', credential })).status);
      }
      for (const body of [{}, { code: '1' }, { code: '123456', recovery_code: 'x' }, { credential: 'x' }, []])
        expect((await (await pending(app)).post(SECOND_STEP, body)).status).toBe(400);
    });

    it('are removed with their user, and a store that cannot be read is no sign-in', async () => {
      const { app, passkey, id, ann } = await withPasskeys();
      const factors = app.nest.get(FactorStore);
      const entry = (await factors.find(id))!;
      await factors.swap(id, entry.text, { ...entry, text: '{"totp":null' });
      expect((await app.visitor().login(ANN)).status).toBe(503);
      await factors.swap(id, '{"totp":null', entry);
      expect((await app.visitor().login(ANN)).status).toBe(403);
      expect((await ann.post('/factors/confirm/options')).status).toBe(200);
      expect((await ann.delete('/users/me')).status).toBe(200);
      expect(await factors.find(id)).toBeNull();
      const visitor = app.visitor();
      const { options } = (await visitor.post(`${PASSKEY}/options`)).body;
      expect(await visitor.post(PASSKEY, { credential: passkey.get(options) })).toMatchObject(WRONG);
    });

    it('keep a user from signing in with less than there was when the sign-in began', async () => {
      const { app, passkey, ann } = await withPasskeys();
      const began = await pending(app);
      const step = (await began.post(`${SECOND_STEP}/options`)).body.options;
      const { secret } = await setUpTotp(app, ann);
      expect((await ann.delete(`/factors/passkeys/${passkey.id}`)).status).toBe(200);
      expect(await began.post(SECOND_STEP, { credential: passkey.get(step) })).toMatchObject(WRONG);
      app.clock.advance(30_000);
      expect((await began.post(SECOND_STEP, { code: codeOf(app, secret) })).status).toBe(200);
      expect(await began.post(SECOND_STEP, { code: codeOf(app, secret) })).toMatchObject(EXPIRED);
    });
  });
}
