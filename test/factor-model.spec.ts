import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FactorResetService, PasswordHasher, UserStore, UsersService } from 'coatcheck';
import { aUser } from 'coatcheck/testing';
import * as fc from 'fast-check';
import { identityOf } from '../src/users/identity.js';
import { aTaskOwner } from '../src/testing/samples.js';
import { type Answer, PASSWORD, TestApp, type Visitor } from './support/app.js';
import { codeOf, factorsModule } from './support/factors.js';
import { STORAGES } from './support/storages.js';

// MODEL_SEED=<seed of a failure> plays one seed alone, and MODEL_RUNS=<number> that many histories of each seed.
const { MODEL_SEED, MODEL_RUNS } = process.env;
const SEEDS = MODEL_SEED ? [Number(MODEL_SEED)] : [1, Math.floor(Math.random() * 2 ** 31)];
const RUNS = Number(MODEL_RUNS ?? 4);
const STEPS_PER_HISTORY = 30;

const MINUTE = 60_000;
const STEP = 30_000;
const LIFE = 5 * MINUTE;
const OTHER_PASSWORD = 'another good password';
const SECOND_STEP = '/auth_session/second_step';

type Proof = 'password' | 'totp' | 'recovery_code';

interface KnownUser {
  readonly id: string;
  readonly email: string;
  password: string;
  version: number;
  disabled: boolean;
  totp: { readonly secret: string; lastStep: number } | null;
  /** The recovery codes that are not used, and those that are invalid. */
  codes: string[] | null;
  oldCodes: string[];
}

interface KnownSession {
  readonly user: KnownUser;
  readonly visitor: Visitor;
  readonly version: number;
  proofs: Partial<Record<Proof, number>>;
}

interface KnownPending {
  readonly user: KnownUser;
  readonly visitor: Visitor;
  readonly version: number;
  readonly begunAt: number;
  finished: boolean;
}

/** What is to be expected, in the plainest way: lists and the time. */
class Model {
  readonly sessions: KnownSession[] = [];
  readonly pending: KnownPending[] = [];

  constructor(readonly users: readonly KnownUser[]) {}

  isLive({ user, version }: KnownSession): boolean {
    return !user.disabled && user.version === version;
  }

  waits({ user, version, begunAt, finished }: KnownPending, now: number): boolean {
    return !finished && !user.disabled && user.version === version && now < begunAt + LIFE;
  }

  /** Whether the factors may be changed: by a factor within five minutes if there is one, otherwise by any proof. */
  mayChange(
    { user, proofs: { password = -Infinity, totp = -Infinity, recovery_code = -Infinity } }: KnownSession,
    now: number,
  ): boolean {
    const latest = Math.max(totp, recovery_code, user.totp ? -Infinity : password);
    return now - latest <= LIFE;
  }
}

/** A kind of answer to a request for a proof, which the model turns into a code. */
type Guess = 'right' | 'next' | 'used' | 'far' | 'recovery' | 'used recovery';

const guess = fc.constantFrom<Guess>(
  'right',
  'right',
  'right',
  'next',
  'used',
  'far',
  'recovery',
  'recovery',
  'used recovery',
);

type Step = fc.AsyncCommand<Model, TestApp>;
type Subject<S> = (model: Pick<Model, 'users' | 'sessions' | 'pending'>, pick: number) => S | undefined;

const someUser: Subject<KnownUser> = ({ users }, pick) => users[pick % users.length];
const someSession: Subject<KnownSession> = ({ sessions }, pick) => sessions.at(-1 - (pick % sessions.length));
const somePending: Subject<KnownPending> = ({ pending }, pick) => pending.at(-1 - (pick % pending.length));
const everything: Subject<object> = (model) => model;

const pick = fc.oneof(fc.nat(2), fc.nat(9));

function step<S, T>(
  name: string,
  subject: Subject<S>,
  facts: { [K in keyof T]: fc.Arbitrary<T[K]> },
  play: (model: Model, app: TestApp, subject: S, facts: T) => Promise<void>,
): fc.Arbitrary<Step> {
  return fc.record({ pick, facts: fc.record(facts) }).map(({ pick, facts }) => ({
    check: (model) => subject(model, pick) !== undefined,
    run: (model, app) => play(model, app, subject(model, pick)!, facts),
    toString: () => `${name} ${fc.stringify({ pick, ...facts })}`,
  }));
}

async function signInAs(model: Model, app: TestApp, user: KnownUser): Promise<void> {
  const visitor = app.visitor();
  const answer = await visitor.login(user.email, user.password);
  const { version } = user;
  if (user.disabled) expect(answer.status).toBe(401);
  else if (user.totp) {
    expect(answer).toMatchObject({ status: 403, body: { code: 'second_factor_required' } });
    model.pending.push({ user, visitor, version, begunAt: nowIn(app), finished: false });
  } else {
    expect(answer.status).toBe(200);
    model.sessions.push({ user, visitor, version, proofs: { password: nowIn(app) } });
  }
}

const signIn = step('sign in', someUser, {}, signInAs);

/** What may happen before a second step is finished. */
const EVENTS: Readonly<Record<string, (app: TestApp, one: KnownPending) => Promise<void>>> = {
  nothing: async () => {},
  'half a minute passes': async (app) => app.clock.advance(STEP),
  'it is about to expire': async (app, { begunAt }) => moveTo(app, begunAt + LIFE - 1),
  'it expires': async (app, { begunAt }) => moveTo(app, begunAt + LIFE),
  'the password is changed': (app, { user }) => setPassword(app, user),
  'the factors are reset': (app, { user }) => resetFactors(app, user),
  'the user is disabled': (app, { user }) => setDisabled(app, user, true),
  'the user is disabled and enabled': async (app, { user }) => {
    await setDisabled(app, user, true);
    await setDisabled(app, user, false);
  },
};

const event = fc.constantFrom(...often(8, ['half a minute passes']), ...Object.keys(EVENTS));

interface Finish {
  readonly guess: Guess;
  readonly event: string;
  readonly repeats: boolean;
}

async function finishOne(
  model: Model,
  app: TestApp,
  one: KnownPending,
  { guess, event, repeats }: Finish,
): Promise<void> {
  const { totp, codes } = one.user;
  await EVENTS[event]!(app, one);
  // A right one, also if the factors are lost by now.
  const proof = proofOf(app, one.user, guess, { totp, codes });
  const cookie = one.visitor.steps.get('sid_pending')!;
  const again = () => one.visitor.post(SECOND_STEP, proof.body);
  const answer = await again();
  // The client goes on with its session, and another one has a copy of what it had before.
  const visitor = app.visitor();
  [visitor.cookie, one.visitor.cookie] = [one.visitor.cookie, null];
  one.visitor.steps.set('sid_pending', cookie);
  if (!model.waits(one, nowIn(app))) {
    expectCode(answer, 'sign_in_expired');
    return;
  }
  if (!proof.use()) {
    expectCode(answer, 'factor_invalid');
    return;
  }
  expect(answer).toMatchObject({ status: 200, body: { id: one.user.id } });
  one.finished = true;
  const proofs = { password: one.begunAt, [proof.kind]: nowIn(app) };
  model.sessions.push({ user: one.user, visitor, version: one.version, proofs });
  if (!repeats) return;
  expectCode(await again(), 'sign_in_expired');
  const other = app.visitor();
  await other.login(one.user.email, one.user.password);
  expectCode(await other.post(SECOND_STEP, proof.body), 'factor_invalid');
}

const finishFacts = { guess, event, repeats: fc.boolean() };

const finish = step('finish', somePending, finishFacts, finishOne);

const signInWhole = step('sign in and finish', someUser, finishFacts, async (model, app, user, facts) => {
  await signInAs(model, app, user);
  const [pending] = model.pending.slice(-1);
  if (pending?.user === user) await finishOne(model, app, pending, facts);
});

const usePending = step('use a second step elsewhere', somePending, {}, async (model, app, one) => {
  const waits = model.waits(one, nowIn(app));
  expect((await one.visitor.get(SECOND_STEP)).status).toBe(waits ? 200 : 400);
  for (const path of ['/users/me', '/factors', '/sessions/current'])
    expect((await one.visitor.get(path)).status).toBe(401);
});

async function enrolIn(model: Model, app: TestApp, one: KnownSession, isRight: boolean): Promise<void> {
  const { user } = one;
  const begun = await one.visitor.post('/factors/totp');
  if (isRefused(begun, model, app, one)) return;
  const { secret } = begun.body;
  const code = codeOf(app, secret, isRight ? 0 : 4);
  const { cookie } = one.visitor;
  const confirmed = await one.visitor.post('/factors/totp/confirm', { code });
  if (!isRight) {
    expectCode(confirmed, 'factor_invalid');
    return;
  }
  expect(confirmed.status).toBe(200);
  const isFirst = user.totp === null;
  expect(confirmed.body.recovery_codes?.length ?? null).toBe(isFirst ? 10 : null);
  user.totp = { secret, lastStep: stepOf(app) };
  if (!isFirst) return;
  user.codes = confirmed.body.recovery_codes;
  user.version += 1;
  const visitor = app.visitor();
  [visitor.cookie, one.visitor.cookie] = [one.visitor.cookie, cookie];
  const proofs = { ...one.proofs, totp: nowIn(app) };
  model.sessions.push({ user, visitor, version: user.version, proofs });
}

const enrol = step(
  'enrol',
  someSession,
  { isRight: fc.constantFrom(...often(5, [true]), false) },
  (model, app, one, { isRight }) => enrolIn(model, app, one, isRight),
);

const confirm = step('confirm', someSession, { guess }, async (model, app, one, { guess }) => {
  const proof = proofOf(app, one.user, guess);
  const answer = await one.visitor.post('/factors/confirm', proof.body);
  if (!model.isLive(one)) {
    expect(answer.status).toBe(401);
    return;
  }
  if (!proof.use()) {
    expectCode(answer, 'factor_invalid');
    return;
  }
  expect(answer.status).toBe(200);
  one.proofs = { ...one.proofs, [proof.kind]: nowIn(app) };
});

/** The password is no proof of a factor, for those who have one. */
const reauthenticate = step('reauthenticate', someSession, {}, async (model, app, one) => {
  const { password } = one.user;
  const answer = await one.visitor.post('/sessions/current/reauthenticate', { password });
  expect(answer.status).toBe(model.isLive(one) ? 200 : 401);
  if (model.isLive(one)) one.proofs = { ...one.proofs, password: nowIn(app) };
});

const remove = step('remove the factor', someSession, {}, async (model, app, one) => {
  const answer = await one.visitor.delete('/factors/totp');
  if (isRefused(answer, model, app, one)) return;
  expect(answer.status).toBe(one.user.totp ? 200 : 404);
  lose(one.user);
});

const renewCodes = step('renew recovery codes', someSession, {}, async (model, app, one) => {
  const answer = await one.visitor.post('/factors/recovery_codes');
  if (model.isLive(one) && !one.user.totp) {
    expect(answer.status).toBe(404);
    return;
  }
  if (isRefused(answer, model, app, one)) return;
  expect(answer.status).toBe(201);
  one.user.oldCodes.push(...one.user.codes!);
  one.user.codes = answer.body.recovery_codes;
});

const reset = step('reset the factors', someUser, {}, (_, app, user) => resetFactors(app, user));

const changePassword = step('change the password', someUser, {}, (_, app, user) => setPassword(app, user));

const disable = step(
  'disable or enable',
  someUser,
  { disabled: fc.constantFrom(...often(4, [false]), true) },
  (_, app, user, { disabled }) => setDisabled(app, user, disabled),
);

const look = step('look', someSession, {}, async (model, _, one) => expectSession(model, one));

const wait = step(
  'wait',
  everything,
  { ms: fc.constantFrom(1, 1000, STEP, STEP, MINUTE, 4 * MINUTE, LIFE - 1, LIFE, LIFE + 1) },
  async (_, app, __, { ms }) => app.clock.advance(ms),
);

const STEPS = [
  ...often(8, [signInWhole]),
  ...often(3, [signIn, finish, enrol]),
  ...often(3, [confirm, reauthenticate]),
  ...often(2, [look, usePending, wait]),
  ...often(2, [remove]),
  ...often(1, [renewCodes, reset, changePassword, disable]),
];

for (const [storage, { describe: describeStorage, open }] of Object.entries(STORAGES)) {
  describeStorage(`Second factors with ${storage}`, () => {
    let app: TestApp;
    let hash: string;
    let drop: () => Promise<void>;

    beforeAll(async () => {
      const opened = await open();
      drop = opened.drop;
      const type = storage === 'memory' ? 'session_auth' : 'session_db_auth';
      const settings = { AUTH_TYPE: type, MFA: 'off', AUTH_THROTTLE: 'off', SESSION_IDLE_TIMEOUT: '12h' };
      app = await TestApp.start({ ...settings, ...opened.variables }, { imports: [factorsModule()] });
      hash = await app.nest.get(PasswordHasher).hash(PASSWORD, aTaskOwner());
    });

    afterAll(async () => {
      await app.stop();
      await drop();
    });

    const begin = async (): Promise<Model> => {
      const users = Array.from({ length: 2 }, (): KnownUser => {
        const id = randomUUID();
        const nothing = { disabled: false, totp: null, codes: null, oldCodes: [] };
        return { id, email: `${id}@example.com`, password: PASSWORD, version: 1, ...nothing };
      });
      for (const { id, email, version } of users)
        await app.nest.get(UserStore).insert(aUser({ id, email, credentialVersion: version }), hash);
      const model = new Model(users);
      await signInAs(model, app, users[0]!);
      await enrolIn(model, app, model.sessions[0]!, true);
      return model;
    };

    it.each(SEEDS)(
      'are what the model says, whatever happens to them (MODEL_SEED=%i)',
      async (seed) => {
        const history = fc.asyncProperty(
          fc.commands(STEPS, { maxCommands: STEPS_PER_HISTORY, size: 'max' }),
          async (steps) => {
            const model = await begin();
            await fc.asyncModelRun(() => ({ model, real: app }), steps);
            for (const one of model.sessions) await expectSession(model, one);
          },
        );
        await fc.assert(history, { seed, numRuns: RUNS, unbiased: true });
      },
      60_000 + RUNS * 10_000,
    );
  });
}

async function resetFactors(app: TestApp, user: KnownUser): Promise<void> {
  expect(await app.nest.get(FactorResetService).reset(user.id)).toBe(user.totp !== null);
  lose(user);
}

async function setPassword(app: TestApp, user: KnownUser): Promise<void> {
  const users = app.nest.get(UsersService);
  user.password = user.password === PASSWORD ? OTHER_PASSWORD : PASSWORD;
  await users.passwords.set(identityOf((await users.find(user.id))!), user.password);
  user.version += 1;
}

async function setDisabled(app: TestApp, user: KnownUser, disabled: boolean): Promise<void> {
  await app.nest.get(UsersService).update(user.id, { disabled });
  user.disabled = disabled;
  if (disabled) user.version += 1;
}

function moveTo(app: TestApp, at: number): void {
  if (at > nowIn(app)) app.clock.advance(at - nowIn(app));
}

/** What a client sends as a proof, and what the model makes of it: whether it is accepted, and used up then. */
function proofOf(
  app: TestApp,
  user: KnownUser,
  guess: Guess,
  { totp, codes }: Pick<KnownUser, 'totp' | 'codes'> = user,
) {
  const isCode = guess === 'recovery' || guess === 'used recovery';
  if (isCode) {
    const code = guess === 'recovery' ? codes?.[0] : user.oldCodes.at(-1);
    const use = () => {
      if (!user.totp || code === undefined || !user.codes?.includes(code)) return false;
      user.codes = user.codes.filter((one) => one !== code);
      user.oldCodes.push(code);
      return true;
    };
    return { kind: 'recovery_code', body: { recovery_code: code ?? 'x'.repeat(24) }, use } as const;
  }
  const { secret = 'JBSWY3DPEHPK3PXP', lastStep = 0 } = totp ?? {};
  const now = stepOf(app);
  const at = { right: now, next: now + 1, used: Math.max(lastStep, now - 1), far: now + 3 }[guess];
  const use = () => {
    if (!user.totp || at <= lastStep || Math.abs(at - now) > 1) return false;
    user.totp.lastStep = at;
    return true;
  };
  return { kind: 'totp', body: { code: codeOf(app, secret, at - now) }, use } as const;
}

async function expectSession(model: Model, one: KnownSession): Promise<void> {
  const answer = await one.visitor.get('/sessions/current');
  if (!model.isLive(one)) {
    expect(answer.status).toBe(401);
    return;
  }
  expect(answer.status).toBe(200);
  const times = Object.entries(one.proofs).map(([kind, at]) => [kind, new Date(at).toISOString()]);
  expect(answer.body.session.proofs).toEqual(Object.fromEntries(times));
}

/** Whether a change of factors is refused, as it must be then: without a session, and without a recent proof. */
function isRefused(answer: Answer, model: Model, app: TestApp, one: KnownSession): boolean {
  if (!model.isLive(one)) {
    expect(answer.status).toBe(401);
    return true;
  }
  if (model.mayChange(one, nowIn(app))) return false;
  expectCode(answer, 'session_not_fresh');
  return true;
}

function expectCode({ body }: Answer, code: string): void {
  expect(body.code).toBe(code);
}

function lose(user: KnownUser): void {
  user.oldCodes.push(...(user.codes ?? []));
  user.totp = null;
  user.codes = null;
}

function nowIn(app: TestApp): number {
  return app.clock.now().getTime();
}

function stepOf(app: TestApp): number {
  return Math.floor(nowIn(app) / STEP);
}

function often<T>(times: number, items: readonly T[]): T[] {
  return items.flatMap((item) => Array.from({ length: times }, () => item));
}
