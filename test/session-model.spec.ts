import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import {
  type DeadReason,
  DomainError,
  type EndReason,
  type Limits,
  PasswordHasher,
  type Resumption,
  type Session,
  SessionLifetime,
  type SessionLimit,
  SessionSweeper,
  SessionToken,
  SessionsOptions,
  SessionsService,
  StorageOptions,
  UsersOptions,
  UsersService,
} from 'coatcheck';
import { FakeClock, aSignInSource, aThrottle, aUser } from 'coatcheck/testing';
import * as fc from 'fast-check';
import { PROGRAM } from '../src/audit/initiator.js';
import { userTag } from '../src/sessions/session-token.js';
import { Connections } from '../src/storage/connections.js';
import { newFolder } from './support/server.js';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from './support/services.js';
import { identityOf } from '../src/users/identity.js';

// MODEL_SEED=<seed of a failure> plays one seed alone, and MODEL_RUNS=<number> that many histories of each seed.
const { MODEL_SEED, MODEL_RUNS } = process.env;
const SEEDS = MODEL_SEED ? [Number(MODEL_SEED)] : [1, 2, Math.floor(Math.random() * 2 ** 31)];
const RUNS = Number(MODEL_RUNS ?? 15);
const STEPS_PER_HISTORY = 50;

const [MINUTE, DAY, NEVER] = [60_000, 86_400_000, 8.64e15];
const client = { ip: '192.0.2.1', userAgent: 'Example/1.0' };

interface KnownUser {
  readonly email: string;
  id: string;
  password: string;
  version: number;
  disabled: boolean;
  removed: boolean;
}

/** The limits of each kind that has some. */
interface Policy {
  readonly session: Limits;
  readonly remembered: Limits;
}

/** What a session is opened as, and the life of an access token, which is nothing to the others. */
interface Terms extends Pick<Session, 'kind' | 'transport' | 'scope' | 'label'> {
  readonly life: number;
}

interface KnownSession extends Pick<Session, 'kind' | 'transport' | 'scope'> {
  readonly id: string;
  readonly userId: string;
  readonly version: number;
  readonly openedAt: number;
  provenAt: number;
  label: string | null;
  seenAt: number;
  expiresAt: number;
  /** The last is the right one; the first was never given to anybody. */
  readonly tokens: string[];
  ended: { readonly reason: EndReason; readonly at: number } | null;
}

/** What is to be expected, told in the plainest way: two lists and the time. */
class Model {
  /** In the order of sign-in. */
  readonly sessions: KnownSession[] = [];

  constructor(
    readonly users: readonly KnownUser[],
    public now: number,
  ) {}

  /** Makes room under a limit if need be; false if there is none. */
  admits(userId: string, version: number, { kind }: Terms, limit: SessionLimit | null): boolean {
    if (!limit || kind === 'access_token') return true;
    const rivals = this.liveOf(userId).filter((one) => one.version >= version && one.kind !== 'access_token');
    const excess = rivals.length + 1 - limit.max;
    if (limit.policy === 'refuse') return excess <= 0;
    for (const one of rivals.slice(0, Math.max(excess, 0))) this.end(one, 'evicted');
    return true;
  }

  open(
    token: SessionToken,
    { id, version }: Pick<KnownUser, 'id' | 'version'>,
    { life, ...terms }: Terms,
    policy: Policy,
  ): KnownSession {
    const session: KnownSession = {
      id: token.id,
      userId: id,
      version,
      ...terms,
      openedAt: this.now,
      provenAt: this.now,
      seenAt: this.now,
      expiresAt: this.now + life,
      tokens: [SessionToken.reissue(token.id).reveal(), token.reveal()],
      ended: null,
    };
    session.expiresAt = deadline(session, policy);
    this.sessions.push(session);
    return session;
  }

  resume(one: KnownSession, text: string, policy: Policy): Resumption {
    const dead = (reason: DeadReason, at: number) => ({ outcome: 'dead', reason, at: new Date(at) }) as const;
    if (text !== one.tokens.at(-1) || this.isForgotten(one))
      return { outcome: 'dead', reason: 'unknown', at: null };
    if (one.ended) return dead(one.ended.reason, one.ended.at);
    const end = Math.min(one.expiresAt, deadline(one, policy));
    if (end <= this.now) return dead(end < limitOf(one, policy) ? 'expired_idle' : 'expired_absolute', end);
    if (this.now >= touchDue(one, policy)) {
      one.seenAt = this.now;
      one.expiresAt = deadline(one, policy);
    }
    return { outcome: 'live', session: shown(one) };
  }

  sessionOf(one: KnownSession, text: string): { session: Session; isLive: boolean } | null {
    if (text !== one.tokens.at(-1) || this.isForgotten(one)) return null;
    return { session: shown(one), isLive: this.isLive(one) };
  }

  rotate(one: KnownSession, text: string): boolean {
    if (!this.isLive(one) || text !== one.tokens.at(-1)) return false;
    one.seenAt = this.now;
    return true;
  }

  renew(one: KnownSession, text: string, policy: Policy): boolean {
    if (!this.rotate(one, text)) return false;
    one.provenAt = this.now;
    one.expiresAt = deadline(one, policy);
    return true;
  }

  rename(one: KnownSession, label: string | null): boolean {
    if (!this.isLive(one)) return false;
    one.label = label;
    return true;
  }

  close(one: KnownSession, text: string): boolean {
    return text === one.tokens.at(-1) && this.end(one, 'signed_out');
  }

  end(one: KnownSession, reason: EndReason): boolean {
    if (!this.isLive(one)) return false;
    one.ended = { reason, at: this.now };
    return true;
  }

  endAll(userId: string, reason: EndReason, exceptId?: string): number {
    return this.liveOf(userId).filter((one) => one.id !== exceptId && this.end(one, reason)).length;
  }

  list(userId: string, version: number): Session[] {
    return this.liveOf(userId)
      .filter((one) => one.version === version)
      .toReversed()
      .map(shown);
  }

  isLive(one: KnownSession): boolean {
    return !one.ended && this.now < one.expiresAt;
  }

  /** All is lost. */
  forget(): void {
    for (const one of this.sessions) one.ended = { reason: 'signed_out', at: -Infinity };
    for (const user of this.users) user.removed = true;
  }

  /** Oldest first. */
  private liveOf(userId: string): KnownSession[] {
    return this.sessions.filter((one) => one.userId === userId && this.isLive(one));
  }

  private isForgotten(one: KnownSession): boolean {
    return overAt(one) + DAY <= this.now;
  }
}

/** When a session is over, by what is known today. */
function overAt(one: KnownSession): number {
  return one.ended?.at ?? one.expiresAt;
}

function idleLimitOf({ kind }: KnownSession, policy: Policy): number {
  return kind === 'access_token' ? Infinity : policy[kind].idle;
}

function limitOf({ kind, provenAt, expiresAt }: KnownSession, policy: Policy): number {
  return kind === 'access_token' ? expiresAt : Math.min(provenAt + policy[kind].absolute, NEVER);
}

function deadline(one: KnownSession, policy: Policy): number {
  return Math.min(one.seenAt + idleLimitOf(one, policy), limitOf(one, policy));
}

function touchDue(one: KnownSession, policy: Policy): number {
  const idle = idleLimitOf(one, policy);
  return one.seenAt + (idle === Infinity ? MINUTE : idle / 20);
}

function lifetimeOf({ session, remembered }: Policy): SessionLifetime {
  return new SessionLifetime(session, remembered);
}

function shown(one: KnownSession): Session {
  return {
    id: one.id,
    userId: one.userId,
    kind: one.kind,
    transport: one.transport,
    scope: one.scope,
    label: one.label,
    credentialVersion: one.version,
    createdAt: new Date(one.openedAt),
    authenticatedAt: new Date(one.provenAt),
    proofs: one.kind === 'access_token' ? {} : { password: new Date(one.provenAt) },
    lastSeenAt: new Date(one.seenAt),
    expiresAt: new Date(one.expiresAt),
    client,
  };
}

/** Costs nothing and keeps nothing secret. */
class OpenPasswordHasher extends PasswordHasher {
  hash(password: string): Promise<string> {
    return Promise.resolve(`open:${password}`);
  }

  verify(password: string, hash: string): Promise<boolean> {
    return Promise.resolve(hash === `open:${password}`);
  }

  dummyHash(): string {
    return 'nothing';
  }

  isOutdated(): boolean {
    return false;
  }
}

/** The real services on real stores. */
class Harness {
  readonly clock = new FakeClock();

  private constructor(
    private readonly storage: StorageOptions,
    private connections: Connections,
  ) {}

  static async open(storage: StorageOptions): Promise<Harness> {
    return new Harness(storage, await Connections.open(storage));
  }

  get users(): UsersService {
    return new UsersService(
      this.connections.users,
      new OpenPasswordHasher(),
      aThrottle(this.clock),
      this.clock,
      new UsersOptions(),
    );
  }

  get sessions(): SessionsService {
    return this.sessionsUnder(null);
  }

  sessionsUnder(limit: SessionLimit | null): SessionsService {
    return new SessionsService(this.connections.sessions, this.clock, new SessionsOptions({ limit }));
  }

  get sweeper(): SessionSweeper {
    return new SessionSweeper(this.connections.sessions, this.clock, new SessionsOptions());
  }

  async addUser({ id, email, password, version }: KnownUser): Promise<void> {
    const user = aUser({ id, email, credentialVersion: version });
    expect(await this.connections.users.insert(user, `open:${password}`)).toBe(true);
  }

  async restart(): Promise<void> {
    await this.close();
    this.connections = await Connections.open(this.storage);
  }

  close(): Promise<void> {
    return this.connections.onApplicationShutdown();
  }
}

type Step = fc.AsyncCommand<Model, Harness>;
type Subject<S> = (model: Pick<Model, 'users' | 'sessions'>, pick: number) => S | undefined;

const someUser: Subject<KnownUser> = ({ users }, pick) => users[pick % users.length];
const someSession: Subject<KnownSession> = ({ sessions }, pick) => sessions.at(-1 - (pick % sessions.length));
const everything: Subject<object> = (model) => model;

/** One of the latest, or any. */
const pick = fc.oneof(fc.nat(2), fc.nat(29));

/** A kind of step: what it is called, to whom it happens, what may differ, and how model and harness take it. */
function step<S, T>(
  name: string,
  subject: Subject<S>,
  facts: { [K in keyof T]: fc.Arbitrary<T[K]> },
  play: (model: Model, harness: Harness, subject: S, facts: T) => Promise<void>,
): fc.Arbitrary<Step> {
  return fc.record({ pick, facts: fc.record(facts) }).map(({ pick, facts }) => ({
    check: (model) => subject(model, pick) !== undefined,
    run: (model, harness) => play(model, harness, subject(model, pick)!, facts),
    toString: () => `${name} ${fc.stringify({ pick, ...facts })}`,
  }));
}

const usual: Policy = {
  session: { idle: 20 * MINUTE, absolute: 24 * MINUTE },
  remembered: { idle: DAY, absolute: 2 * DAY },
};
const policy = fc.constantFrom<Policy>(
  usual,
  usual,
  usual,
  {
    session: { idle: 5 * MINUTE, absolute: 2 * DAY },
    remembered: { idle: Infinity, absolute: 30 * MINUTE },
  },
  {
    session: { idle: Infinity, absolute: Infinity },
    remembered: { idle: 6 * MINUTE, absolute: Infinity },
  },
);
const usualTerms: Terms = { kind: 'session', transport: 'cookie', scope: 'write', label: null, life: 0 };
const tokenTerms: Terms = {
  kind: 'access_token',
  transport: 'bearer',
  scope: 'read',
  label: 'Backup',
  life: 2 * DAY,
};
const terms = fc.constantFrom<Terms>(
  usualTerms,
  usualTerms,
  { ...usualTerms, transport: 'bearer', label: 'access_token' },
  { ...usualTerms, kind: 'remembered' },
  { ...usualTerms, kind: 'remembered' },
  tokenTerms,
  { ...tokenTerms, scope: 'write', life: 10 * MINUTE },
);
const label = fc.constantFrom(null, 'My phone', 'access_token', '"\u{1f36a}"');
const limit = fc.option(
  fc.record<SessionLimit>({
    max: fc.integer({ min: 1, max: 3 }),
    policy: fc.constantFrom('evict_oldest', 'refuse'),
  }),
);
const reason = fc.constantFrom<EndReason>(
  'signed_out',
  'ended_elsewhere',
  'ended_by_admin',
  'password_changed',
  'user_disabled',
);
/** How many secrets ago a token was the right one. */
const age = fc.constantFrom(0, 0, 0, 1, 2);

const signIn = step(
  'sign in',
  someUser,
  { limit, policy, terms, times: fc.constantFrom(1, 1, 1, 6), behind: fc.constantFrom(0, 0, 1) },
  async (model, harness, user, { limit, policy, terms, times, behind }) => {
    const verified = await harness.users.passwords.verify(user.email, user.password, aSignInSource());
    expect(verified.outcome).toBe(
      user.removed ? 'unknown_email' : user.disabled ? 'wrong_password' : 'verified',
    );
    if (verified.outcome !== 'verified') return;
    expect(verified.user.credentialVersion).toBe(user.version);
    // One that is behind knew the password before it was changed.
    const version = user.version - behind;
    for (let time = 0; time < times; time += 1)
      await expectOpening(model, harness, { id: user.id, version }, { limit, policy, terms });
  },
);

/** The token is presented with the sign-in, of the same user or of another. The session may end just before. */
const signInAgain = step(
  'sign in again',
  someSession,
  {
    age,
    limit,
    policy,
    terms,
    isOther: fc.constantFrom(false, false, true),
    ends: fc.constantFrom(false, false, true),
  },
  async (model, harness, one, { age, isOther, ends, ...opening }) => {
    const text = tokenOf(one, age);
    const found = await harness.sessions.sessionOf(text);
    expect(found).toEqual(model.sessionOf(one, text));
    if (ends)
      expect(await harness.sessions.end(one.id, 'ended_elsewhere')).toBe(model.end(one, 'ended_elsewhere'));
    const other = model.users.find(({ id }) => id !== one.userId)!;
    const owner = isOther ? other : { id: one.userId, version: one.version };
    await expectOpening(model, harness, owner, opening, found?.isLive ? one : null);
  },
);

const use = step('use', someSession, { age, policy }, expectResumption);

/** The session is over afterwards. The use counts if it came first. */
const useAsItEnds = step(
  'use as it ends',
  someSession,
  { reason },
  async (model, harness, one, { reason }) => {
    const [text, used] = [tokenOf(one, 0), { ...one }];
    const expected = model.resume(used, text, usual);
    const resuming = harness.sessions.resume(text, lifetimeOf(usual));
    expect(await harness.sessions.end(one.id, reason)).toBe(model.end(one, reason));
    const resumed = await resuming;
    if (resumed.outcome !== 'live') return;
    expect(resumed).toEqual(expected);
    Object.assign(one, { seenAt: used.seenAt, expiresAt: used.expiresAt });
  },
);

const rotate = step('rotate', someSession, { age }, async (model, harness, one, { age }) => {
  const text = tokenOf(one, age);
  const next = await harness.sessions.rotate(text);
  expect(next !== null).toBe(model.rotate(one, text));
  if (next) one.tokens.push(next.reveal());
});

const renew = step(
  'renew',
  someSession,
  { age, policy, after: fc.constantFrom(0, MINUTE) },
  async (model, harness, one, { age, policy, after }) => {
    pass(model, harness, after);
    const text = tokenOf(one, age);
    const renewed = await harness.sessions.renew(text, lifetimeOf(policy));
    expect(renewed?.session ?? null).toEqual(model.renew(one, text, policy) ? shown(one) : null);
    if (renewed) one.tokens.push(renewed.token.reveal());
    await expectList(model, harness, one.userId, one.version);
  },
);

const rename = step('rename', someSession, { label }, async (model, harness, one, { label }) => {
  const renamed = await harness.sessions.rename(shown(one), label);
  expect(renamed).toEqual(model.rename(one, label) ? shown(one) : null);
  await expectList(model, harness, one.userId, one.version);
});

const find = step(
  'find',
  someSession,
  { isOthers: fc.constantFrom(false, false, true), behind: fc.constantFrom(0, 0, 1) },
  async (model, harness, one, { isOthers, behind }) => {
    const holder = { id: isOthers ? 'somebody else' : one.userId, credentialVersion: one.version - behind };
    const isTheirs = !isOthers && behind === 0 && model.isLive(one);
    expect(await harness.sessions.find(holder, one.id)).toEqual(isTheirs ? shown(one) : null);
  },
);

const signOut = step('sign out', someSession, { age }, async (model, harness, one, { age }) => {
  const text = tokenOf(one, age);
  expect(await harness.sessions.close(text)).toBe(model.close(one, text));
});

const end = step('end', someSession, { reason }, async (model, harness, one, { reason }) => {
  expect(await harness.sessions.end(one.id, reason)).toBe(model.end(one, reason));
});

const endAll = step('end all', someUser, { reason }, async (model, harness, { id }, { reason }) => {
  expect(await harness.sessions.endAll(id, reason)).toBe(model.endAll(id, reason));
});

const endOthers = step('end the others', someSession, { reason }, async (model, harness, one, { reason }) => {
  const ended = await harness.sessions.endAll(one.userId, reason, one.id);
  expect(ended).toBe(model.endAll(one.userId, reason, one.id));
});

const list = step('list', someUser, {}, async (model, harness, { id, version, disabled, removed }) => {
  const found = await harness.users.find(id);
  expect(found && { version: found.credentialVersion, disabled: found.disabled }).toEqual(
    removed ? null : { version, disabled },
  );
  await expectList(model, harness, id, version);
});

const changePassword = step(
  'change the password',
  someUser,
  { knows: fc.constantFrom(true, true, false) },
  async (model, harness, user, { knows }) => {
    const found = await harness.users.find(user.id);
    if (!found) return;
    const next = `${user.password} and so on`.slice(-60);
    const changed = await orCode(
      harness.users.passwords.change(
        identityOf(found),
        knows ? user.password : 'a guess',
        next,
        aSignInSource(),
      ),
    );
    if (!knows || user.disabled) {
      expect(changed).toBe('current_password_wrong');
      return;
    }
    user.password = next;
    user.version += 1;
    expect(changed).toMatchObject({ account: { id: user.id }, credentialVersion: user.version });
    const ended = await harness.sessions.endAll(user.id, 'password_changed');
    expect(ended).toBe(model.endAll(user.id, 'password_changed'));
  },
);

const disable = step(
  'disable or enable',
  someUser,
  { disabled: fc.constantFrom(false, false, true), ends: fc.boolean() },
  async (model, harness, user, { disabled, ends }) => {
    const changed = await orCode(harness.users.update(user.id, { disabled }));
    if (user.removed) {
      expect(changed).toBe('not_found');
      return;
    }
    user.disabled = disabled;
    if (disabled) user.version += 1;
    expect(changed).toMatchObject({ disabled, credentialVersion: user.version });
    if (!ends) return;
    const ended = await harness.sessions.endAll(user.id, 'user_disabled');
    expect(ended).toBe(model.endAll(user.id, 'user_disabled'));
  },
);

/** Whoever is gone comes back under the same address, as somebody else. */
const comeAndGo = step('come or go', someUser, {}, async (_, harness, user) => {
  const removed = await orCode(harness.users.remove(user.id));
  expect(removed).toBe(user.removed ? 'not_found' : undefined);
  user.removed = !user.removed;
  if (user.removed) return;
  Object.assign(user, { id: randomUUID(), disabled: false });
  await harness.addUser(user);
});

const wait = step(
  'wait',
  everything,
  { ms: fc.constantFrom(1, 1000, MINUTE, MINUTE, 3 * MINUTE, 6 * MINUTE, 21 * MINUTE, DAY) },
  async (model, harness, _, { ms }) => pass(model, harness, ms),
);

const waitFor = step(
  'wait for',
  someSession,
  {
    moment: fc.constantFrom('its touch', 'its touch', 'its deadline', 'its end', 'its end', 'its oblivion'),
    policy,
    late: fc.integer({ min: -1, max: 1 }),
    uses: fc.boolean(),
  },
  async (model, harness, one, { moment, policy, late, uses }) => {
    const moments = {
      'its touch': touchDue(one, policy),
      'its deadline': deadline(one, policy),
      'its end': overAt(one),
      'its oblivion': overAt(one) + DAY,
    };
    const at = moments[moment] + late;
    if (at > model.now && at < model.now + 5 * DAY) pass(model, harness, at - model.now);
    if (uses) await expectResumption(model, harness, one, { age: 0, policy });
  },
);

/** What is swept is not to be noticed. */
const sweep = step('sweep', everything, {}, async (_, harness) => {
  await harness.sweeper.sweep();
});

const restart = step('restart', everything, {}, async (model, harness) => {
  await harness.restart();
  if (!harness.sessions.durable) model.forget();
});

const STEPS = [
  ...often(6, [signIn, use, waitFor]),
  ...often(3, [signInAgain, rotate, renew, wait]),
  ...often(2, [rename, find, signOut, end, useAsItEnds, endOthers, list, sweep]),
  ...often(1, [endAll, changePassword, disable, comeAndGo, restart]),
];

describe('In memory', () => {
  describeHistories(async () => ({ urls: { database: 'memory:' }, drop: () => Promise.resolve() }));
});

describe('On SQLite', () => {
  describeHistories(async () => ({ urls: { database: newFile() }, drop: () => Promise.resolve() }));
});

describeWithPostgres('On PostgreSQL', () => {
  describeHistories(async () => {
    const { url, drop } = await newSchema();
    return { urls: { database: url }, drop };
  });
});

describeWithRedis('On Redis beside SQLite', () => {
  describeHistories(async () => {
    const { url, drop } = newPrefix();
    return { urls: { database: newFile(), sessions: url }, drop };
  });
});

/** The histories follow each other on one store and one clock, each with users of its own. */
function describeHistories(
  place: () => Promise<{ urls: Partial<StorageOptions>; drop: () => Promise<void> }>,
): void {
  let harness: Harness;
  let leave: () => Promise<void>;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    const { urls, drop } = await place();
    leave = drop;
    harness = await Harness.open(new StorageOptions({ ...urls, timeout: 10_000 }));
    leave = () => harness.close().then(drop);
  });
  afterAll(() => leave());

  it.each(SEEDS)(
    'sessions are what the model says, whatever happens to them (MODEL_SEED=%i)',
    async (seed) => {
      const history = fc.asyncProperty(
        fc.commands(STEPS, { maxCommands: STEPS_PER_HISTORY, size: 'max' }),
        async (steps) => {
          const model = await begin(harness);
          await fc.asyncModelRun(() => ({ model, real: harness }), steps);
          await playOut(model, harness);
        },
      );
      await fc.assert(history, { seed, numRuns: RUNS, unbiased: true });
    },
    30_000 + RUNS * 1000,
  );
}

async function begin(harness: Harness): Promise<Model> {
  const users = namesakes().map((id) => ({
    id,
    email: `${id}@example.com`,
    password: 'the first good password',
    version: 2,
    disabled: false,
    removed: false,
  }));
  for (const user of users) await harness.addUser(user);
  harness.clock.advance(3 * DAY);
  return new Model(users, harness.clock.now().getTime());
}

async function expectList(model: Model, harness: Harness, id: string, version: number): Promise<void> {
  expect(await harness.sessions.list({ id, credentialVersion: version })).toEqual(model.list(id, version));
}

/** Of two sign-ins in one millisecond neither is the older: here there are none. */
async function expectOpening(
  model: Model,
  harness: Harness,
  { id, version }: Pick<KnownUser, 'id' | 'version'>,
  {
    limit,
    policy,
    terms,
  }: { readonly limit: SessionLimit | null; readonly policy: Policy; readonly terms: Terms },
  replaced: KnownSession | null = null,
): Promise<void> {
  const act = { replaced: replaced && shown(replaced) };
  if (model.sessions.at(-1)?.openedAt === model.now) pass(model, harness, 1);
  const { life, ...facts } = terms;
  const expiresAt = new Date(model.now + life);
  const opened = await orCode(
    harness
      .sessionsUnder(limit)
      .open(
        { id, credentialVersion: version },
        client,
        lifetimeOf(policy),
        PROGRAM,
        { ...facts, expiresAt, provedBy: 'password' },
        act,
      ),
  );
  if (replaced) model.end(replaced, 'signed_out');
  const isAdmitted = model.admits(id, version, terms, limit);
  expect(typeof opened === 'string' ? opened : 'opened').toBe(
    isAdmitted ? 'opened' : 'session_limit_reached',
  );
  if (typeof opened === 'string') return;
  expect(opened.session).toEqual(shown(model.open(opened.token, { id, version }, terms, policy)));
}

async function expectResumption(
  model: Model,
  harness: Harness,
  one: KnownSession,
  { age, policy }: { readonly age: number; readonly policy: Policy },
): Promise<void> {
  const text = tokenOf(one, age);
  const resumed = await harness.sessions.resume(text, lifetimeOf(policy));
  expect(resumed).toEqual(model.resume(one, text, policy));
}

/** Every session is used once more; then the latest end and are forgotten, each to the millisecond. */
async function playOut(model: Model, harness: Harness): Promise<void> {
  for (const one of model.sessions) {
    await expectResumption(model, harness, one, { age: 1, policy: usual });
    await expectResumption(model, harness, one, { age: 0, policy: usual });
  }
  const moments = model.sessions
    .slice(-6)
    .flatMap((one) => [overAt(one), overAt(one) + DAY].map((at) => ({ one, at })))
    .flatMap(({ one, at }) => [
      { one, at: at - 1 },
      { one, at },
    ])
    .filter(({ at }) => at >= model.now && at < NEVER - 1);
  for (const { one, at } of moments.toSorted((a, b) => a.at - b.at)) {
    pass(model, harness, at - model.now);
    if (model.isLive(one)) await expectList(model, harness, one.userId, one.version);
    else await expectResumption(model, harness, one, { age: 0, policy: usual });
  }
}

function pass(model: Model, harness: Harness, ms: number): void {
  model.now += ms;
  harness.clock.advance(ms);
}

function tokenOf({ tokens }: KnownSession, age: number): string {
  return tokens.at(-1 - (age % tokens.length))!;
}

/** The answer, or the code of a refusal. */
async function orCode<T>(answer: Promise<T>): Promise<T | string> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

const idsByTag = new Map<string, string>();

/** Ids of two users whose sessions bear the same tag, as one pair of 17 million does: Redis keeps them side by side. */
function namesakes(): [string, string] {
  for (;;) {
    const id = randomUUID();
    const other = idsByTag.get(userTag(id));
    if (other === undefined) {
      idsByTag.set(userTag(id), id);
      continue;
    }
    idsByTag.delete(userTag(id));
    return [other, id];
  }
}

function often(times: number, steps: readonly fc.Arbitrary<Step>[]): fc.Arbitrary<Step>[] {
  return Array.from({ length: times }, () => steps).flat();
}

function newFile(): string {
  return `sqlite:${join(newFolder(), 'model.db')}`;
}
