import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import { SecurityEvents } from '../audit/security-events.js';
import { ALL_EVENTS } from '../audit/audit-store.js';
import { MemoryAuditStore } from '../storage/memory/memory.audit-store.js';
import { MemorySessionStore } from '../storage/memory/memory.session-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aSession, aUser } from '../testing/samples.js';
import { type Limits, SessionLifetime } from './session-lifetime.js';
import type { SweepStep } from '../common/sweeper.js';
import { ENDING_KEPT_FOR } from './session-store.js';
import { SessionSweeper } from './session-sweeper.js';
import { SessionsOptions } from './sessions-options.js';
import { SessionsService } from './sessions.service.js';

const MINUTE = 60_000;
const client = { ip: '192.0.2.1', userAgent: 'Example/1.0' };
const lifetime = new SessionLifetime({ idle: 20 * MINUTE, absolute: 60 * MINUTE });
const remembering = new SessionLifetime(
  { idle: 20 * MINUTE, absolute: 60 * MINUTE },
  { idle: 200 * MINUTE, absolute: 600 * MINUTE },
);
const UNKNOWN = { outcome: 'dead', reason: 'unknown', at: null };

/** Counts the writes. */
class CountingStore extends MemorySessionStore {
  touches = 0;

  override touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean> {
    this.touches += 1;
    return super.touch(id, seenAt, expiresAt);
  }
}

describe('The sessions service', () => {
  const user = aUser();
  let clock: FakeClock;
  let store: CountingStore;
  let sessions: SessionsService;

  beforeEach(() => {
    clock = new FakeClock();
    store = new CountingStore();
    sessions = new SessionsService(store, clock, new SessionsOptions());
  });

  it('records a use once per twentieth of the idle limit', async () => {
    const { token } = await sessions.open(user, client, lifetime);
    for (let second = 0; second < 120; second += 1) {
      clock.advance(1000);
      expect((await sessions.resume(token.reveal(), lifetime)).outcome).toBe('live');
    }
    expect(store.touches).toBe(2);
  });

  it('returns no secret and no hash', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    const resumed = await sessions.resume(token.reveal(), lifetime);
    const listed = await sessions.list(user);
    expect(listed).toEqual([session]);
    expect(JSON.stringify([session, resumed, listed])).not.toContain(token.secretHash);
  });

  it('gives one of two racing callers a new token of a session', async () => {
    const { token } = await sessions.open(user, client, lifetime);
    const rotated = await Promise.all([sessions.rotate(token.reveal()), sessions.rotate(token.reveal())]);
    const [next] = rotated.filter((one) => one !== null);
    expect(rotated.filter((one) => one !== null)).toHaveLength(1);
    expect(await sessions.resume(token.reveal(), lifetime)).toEqual(UNKNOWN);
    expect((await sessions.resume(next!.reveal(), lifetime)).outcome).toBe('live');
  });

  it('gives no new token for a wrong secret or an ended session', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    expect(await sessions.rotate(`${session.id}.${'A'.repeat(43)}`)).toBeNull();
    expect(await sessions.rotate('nonsense')).toBeNull();
    expect(await sessions.end(session.id, 'ended_by_admin')).toBe(true);
    expect(await sessions.rotate(token.reveal())).toBeNull();
  });

  it('does not list sessions of an older credential version', async () => {
    await sessions.open(user, client, lifetime);
    const changed = { ...user, credentialVersion: user.credentialVersion + 1 };
    const { session } = await sessions.open(changed, client, lifetime);
    expect(await sessions.list(changed)).toEqual([session]);
  });

  it('closes a session only with the whole token', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    const forged = `${session.id}.${'A'.repeat(43)}`;
    expect(await sessions.close(forged)).toBe(false);
    expect(await sessions.close('nonsense')).toBe(false);
    expect(await sessions.close(token.reveal())).toBe(true);
    expect(await sessions.close(token.reveal())).toBe(false);
  });
});

describe('A session of the service', () => {
  const user = aUser({ credentialVersion: 3 });
  const noon = new Date('2026-01-01T12:00:00.000Z');
  const after = (minutes: number) => new Date(noon.getTime() + minutes * MINUTE);
  let clock: FakeClock;
  let store: MemorySessionStore;
  let sessions: SessionsService;

  beforeEach(() => {
    clock = new FakeClock();
    store = new MemorySessionStore();
    sessions = new SessionsService(store, clock, new SessionsOptions());
  });

  const forgedOf = (id: string) => `${id}.${'A'.repeat(43)}`;

  it('is opened with all facts', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    const facts = {
      id: token.id,
      userId: user.id,
      kind: 'session',
      transport: 'cookie',
      scope: 'write',
      label: null,
      credentialVersion: 3,
      createdAt: noon,
      authenticatedAt: noon,
      proofs: { application: noon },
      lastSeenAt: noon,
      expiresAt: after(20),
      client,
    };
    expect(session).toEqual(facts);
    expect(await store.find(token.id, noon)).toEqual({ ...facts, secretHash: token.secretHash });
  });

  it.each([
    ['evict_oldest', 'evicted'],
    ['refuse', 'live'],
  ] as const)('is held to the limit under %s', async (policy, fate) => {
    const limited = new SessionsService(store, clock, new SessionsOptions({ limit: { max: 1, policy } }));
    const { token } = await limited.open(user, client, lifetime);
    const second = limited.open(user, client, lifetime);
    if (policy === 'refuse') await expect(second).rejects.toMatchObject({ code: 'session_limit_reached' });
    else await second;
    expect(await limited.resume(token.reveal(), lifetime)).toMatchObject(
      fate === 'live' ? { outcome: 'live' } : { outcome: 'dead', reason: fate },
    );
  });

  it('is opened with the given terms', async () => {
    const terms = { kind: 'remembered', transport: 'bearer', scope: 'read', label: 'My phone' } as const;
    const { token, session } = await sessions.open(user, client, remembering, undefined, terms);
    expect(session).toMatchObject({ ...terms, userId: user.id, credentialVersion: 3, expiresAt: after(200) });
    expect(await store.find(token.id, noon)).toEqual({ ...session, secretHash: token.secretHash });
    clock.advance(199 * MINUTE);
    expect(await sessions.resume(token.reveal(), remembering)).toMatchObject({ outcome: 'live' });
  });

  it.each([lifetime, SessionLifetime.unlimited])(
    'has the end that was chosen where it is an access token, however it is used',
    async (policy) => {
      const terms = { kind: 'access_token', expiresAt: after(90) } as const;
      const { token } = await sessions.open(user, client, policy, undefined, terms);
      clock.advance(90 * MINUTE - 1);
      expect(await sessions.resume(token.reveal(), policy)).toMatchObject({
        outcome: 'live',
        session: { kind: 'access_token', expiresAt: after(90) },
      });
      clock.advance(1);
      expect(await sessions.resume(token.reveal(), policy)).toEqual({
        outcome: 'dead',
        reason: 'expired_absolute',
        at: after(90),
      });
    },
  );

  it('ignores an expiry in the terms unless it is an access token', async () => {
    const { session } = await sessions.open(user, client, lifetime, undefined, { expiresAt: after(90) });
    expect(session.expiresAt).toEqual(after(20));
  });

  it('is touched when it is resumed, also in the store', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    clock.advance(MINUTE - 1);
    expect(await sessions.resume(token.reveal(), lifetime)).toEqual({ outcome: 'live', session });
    clock.advance(1);
    const used = { ...session, lastSeenAt: after(1), expiresAt: after(21) };
    expect(await sessions.resume(token.reveal(), lifetime)).toEqual({ outcome: 'live', session: used });
    expect(await store.find(token.id, after(1))).toMatchObject(used);
  });

  it('is limited per user, except access tokens', async () => {
    const limit = { max: 1, policy: 'refuse' } as const;
    const limited = new SessionsService(store, clock, new SessionsOptions({ limit }));
    const terms = { kind: 'access_token', expiresAt: after(90) } as const;
    const open = (more = {}) => limited.open(user, client, lifetime, undefined, more);
    await open(terms);
    await open();
    await open(terms);
    await expect(open({ kind: 'remembered' })).rejects.toMatchObject({ code: 'session_limit_reached' });
    expect(await limited.list(user)).toHaveLength(3);
  });

  it('has a reason for its end, which only the whole token shows', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    const fate = async (text = token.reveal(), policy = lifetime) => {
      const resumption = await sessions.resume(text, policy);
      return resumption.outcome === 'dead' ? resumption.reason : resumption.outcome;
    };
    expect(await fate(forgedOf(session.id))).toBe('unknown');
    expect(await fate('nonsense')).toBe('unknown');
    expect(await fate(forgedOf('A'.repeat(22)))).toBe('unknown');
    clock.advance(10 * MINUTE);
    const stricter = (limits: Limits) => new SessionLifetime(limits);
    expect(await fate(token.reveal(), stricter({ idle: 10 * MINUTE, absolute: Infinity }))).toBe(
      'expired_idle',
    );
    expect(await fate(token.reveal(), stricter({ idle: Infinity, absolute: 10 * MINUTE }))).toBe(
      'expired_absolute',
    );
    expect(await fate(token.reveal(), stricter({ idle: 10 * MINUTE + 1, absolute: Infinity }))).toBe('live');
    clock.advance(30 * MINUTE);
    expect(await fate()).toBe('expired_idle');
    clock.advance(20 * MINUTE);
    expect(await fate()).toBe('expired_idle');
    expect(await fate(forgedOf(session.id))).toBe('unknown');
  });

  it.each([
    'signed_out',
    'ended_elsewhere',
    'evicted',
    'ended_by_admin',
    'password_changed',
    'user_disabled',
  ] as const)('is ended once, because it is %s, and says so for a day', async (reason) => {
    const { token, session } = await sessions.open(user, client, lifetime);
    expect(await sessions.end(session.id, reason)).toBe(true);
    expect(await sessions.end(session.id, 'ended_by_admin')).toBe(false);
    expect(await sessions.resume(token.reveal(), lifetime)).toEqual({ outcome: 'dead', reason, at: noon });
    expect(await sessions.resume(forgedOf(session.id), lifetime)).toEqual(UNKNOWN);
    clock.advance(ENDING_KEPT_FOR);
    expect(await sessions.resume(token.reveal(), lifetime)).toEqual(UNKNOWN);
  });

  it('shows when it expired, and at which limit', async () => {
    const { token } = await sessions.open(user, client, lifetime);
    const at = async (policy = lifetime) => sessions.resume(token.reveal(), policy);
    clock.advance(30 * MINUTE);
    expect(await at()).toEqual({ outcome: 'dead', reason: 'expired_idle', at: after(20) });
    clock.advance(60 * MINUTE);
    expect(await at()).toEqual({ outcome: 'dead', reason: 'expired_idle', at: after(20) });
  });

  it('shows the same for a session that was used', async () => {
    const { token } = await sessions.open(user, client, lifetime);
    for (let spent = 0; spent < 60; spent += 15) {
      expect(await sessions.resume(token.reveal(), lifetime)).toMatchObject({ outcome: 'live' });
      clock.advance(15 * MINUTE);
    }
    expect(await sessions.resume(token.reveal(), lifetime)).toEqual({
      outcome: 'dead',
      reason: 'expired_absolute',
      at: after(60),
    });
  });

  it('shows the same after the limits became shorter or longer', async () => {
    const { token } = await sessions.open(user, client, lifetime);
    const at = async (limits: Limits) => sessions.resume(token.reveal(), new SessionLifetime(limits));
    const [idle, absolute] = [5 * MINUTE, 10 * MINUTE];
    clock.advance(absolute);
    const [byIdle, byAbsolute] = [
      { outcome: 'dead', reason: 'expired_idle', at: after(5) },
      { outcome: 'dead', reason: 'expired_absolute', at: after(10) },
    ];
    expect(await at({ idle, absolute: Infinity })).toEqual(byIdle);
    expect(await at({ idle: Infinity, absolute })).toEqual(byAbsolute);
    clock.advance(20 * MINUTE);
    expect(await at({ idle, absolute: Infinity })).toEqual(byIdle);
    expect(await at({ idle: Infinity, absolute })).toEqual(byAbsolute);
    expect(await at({ idle: Infinity, absolute: Infinity })).toEqual({ ...byIdle, at: after(20) });
  });

  it('is found by its owner only, with the current credential version, while it is live', async () => {
    const { session } = await sessions.open(user, client, lifetime);
    expect(await sessions.find(user, session.id)).toEqual(session);
    expect(await sessions.find(aUser({ credentialVersion: 3 }), session.id)).toBeNull();
    for (const credentialVersion of [2, 4])
      expect(await sessions.find({ ...user, credentialVersion }, session.id)).toBeNull();
    expect(await sessions.find(user, aSession().id)).toBeNull();
    await sessions.end(session.id, 'signed_out');
    expect(await sessions.find(user, session.id)).toBeNull();
  });

  it('can be renamed, and lose its name, while it is live', async () => {
    const { session } = await sessions.open(user, client, lifetime);
    for (const label of ['My phone', null]) {
      expect(await sessions.rename(session, label)).toEqual({ ...session, label });
      expect(await sessions.find(user, session.id)).toEqual({ ...session, label });
    }
    await sessions.end(session.id, 'signed_out');
    expect(await sessions.rename(session, 'My phone')).toBeNull();
  });

  it.each([
    ['session', after(35), after(75)],
    ['remembered', after(215), after(615)],
  ] as const)('begins anew with a proof (%s)', async (kind, idleEnd, limit) => {
    const { token, session } = await sessions.open(user, client, remembering, undefined, { kind });
    clock.advance(15 * MINUTE);
    const renewed = await sessions.renew(token.reveal(), remembering);
    const proofs = { application: noon, password: after(15) };
    const times = { authenticatedAt: after(15), lastSeenAt: after(15), expiresAt: idleEnd };
    const expected = { ...session, ...times, proofs };
    expect(renewed?.session).toEqual(expected);
    expect(await store.find(session.id, after(15))).toEqual({
      ...expected,
      secretHash: renewed!.token.secretHash,
    });
    expect(remembering.limit(renewed!.session)).toEqual(limit);
    expect(await sessions.resume(token.reveal(), remembering)).toEqual(UNKNOWN);
    clock.advance(idleEnd.getTime() - after(15).getTime() - 1);
    expect(await sessions.resume(renewed!.token.reveal(), remembering)).toMatchObject({ outcome: 'live' });
  });

  it('keeps the expiry of an access token after a proof', async () => {
    const terms = { kind: 'access_token', expiresAt: after(90) } as const;
    const { token } = await sessions.open(user, client, lifetime, undefined, terms);
    const renewed = await sessions.renew(token.reveal(), lifetime);
    expect(renewed?.session.expiresAt).toEqual(after(90));
  });

  it('is renewed for one of many racing callers with the token, and never without it', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    const renew = (text: string) => sessions.renew(text, lifetime);
    expect(await Promise.all([forgedOf(session.id), 'nonsense'].map(renew))).toEqual([null, null]);
    const renewed = await Promise.all(Array.from({ length: 20 }, () => renew(token.reveal())));
    const [winner, ...others] = renewed.filter((one) => one !== null);
    expect(others).toEqual([]);
    await sessions.end(session.id, 'signed_out');
    expect(await renew(winner!.token.reveal())).toBeNull();
  });

  it('is closed with the reason signed_out', async () => {
    const { token } = await sessions.open(user, client, lifetime);
    await sessions.close(token.reveal());
    expect(await sessions.resume(token.reveal(), lifetime)).toEqual({
      outcome: 'dead',
      reason: 'signed_out',
      at: noon,
    });
  });

  it('names its session, also for a day after its end, only with the whole token', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    const found = async () =>
      Promise.all([token.reveal(), forgedOf(session.id), 'nonsense'].map((text) => sessions.sessionOf(text)));
    expect(await found()).toEqual([{ session, isLive: true }, null, null]);
    await sessions.end(session.id, 'signed_out');
    expect(await found()).toEqual([{ session, isLive: false }, null, null]);
    clock.advance(ENDING_KEPT_FOR);
    expect(await found()).toEqual([null, null, null]);
  });

  it('is ended by endAll, except for the given session', async () => {
    const opened = [];
    for (let count = 0; count < 3; count += 1) opened.push(await sessions.open(user, client, lifetime));
    const { session: others } = await sessions.open(aUser(), client, lifetime);
    const spared = opened[1]!.session;
    expect(await sessions.endAll(user.id, 'password_changed', spared.id)).toBe(2);
    expect(await sessions.list(user)).toEqual([spared]);
    expect(await sessions.resume(opened[0]!.token.reveal(), lifetime)).toEqual({
      outcome: 'dead',
      reason: 'password_changed',
      at: noon,
    });
    expect(await sessions.endAll(user.id, 'ended_by_admin')).toBe(1);
    expect(await sessions.list(user)).toEqual([]);
    expect(await sessions.list({ id: others.userId, credentialVersion: 1 })).toEqual([others]);
  });

  it('is durable if its store is', () => {
    expect(sessions.durable).toBe(false);
  });
});

describe('The audit events of sessions', () => {
  const user = aUser();
  const asRecorded = {
    via: 'http',
    actorId: 'root',
    ip: '192.0.2.1',
    userAgent: 'Example/1.0',
    requestId: 'request-0001',
  } as const;
  const by = { ...asRecorded, connection: null };
  let audit: MemoryAuditStore;
  let sessions: SessionsService;

  const withOptions = (options: Partial<SessionsOptions>) => {
    const clock = new FakeClock();
    audit = new MemoryAuditStore();
    const trail = new AuditTrail(audit, clock);
    sessions = new SessionsService(
      new MemorySessionStore(),
      clock,
      new SessionsOptions(options),
      new SecurityEvents(trail),
    );
  };
  /** All recorded events in order. */
  const told = async () => (await audit.list(ALL_EVENTS, 100, null)).events.toReversed();

  beforeEach(() => {
    Logger.overrideLogger(false);
    withOptions({});
  });
  afterEach(() => Logger.overrideLogger(new ConsoleLogger()));

  it('include each change once, with the initiator', async () => {
    const [first, second] = [
      await sessions.open(user, client, lifetime, by),
      await sessions.open(user, client, lifetime, by),
    ];
    const [one, other] = [first.session.id, second.session.id];
    const next = await sessions.rotate(first.token.reveal(), by);
    await sessions.rotate(first.token.reveal(), by);
    await sessions.close(first.token.reveal(), by);
    await sessions.close(next!.reveal(), by);
    await sessions.close(next!.reveal(), by);
    await sessions.end(one, 'ended_by_admin', by);
    await sessions.end(other, 'ended_by_admin', by);
    const { session: last } = await sessions.open(user, client, lifetime, by);
    await sessions.endAll(user.id, 'password_changed', undefined, by);
    await sessions.endAll(user.id, 'password_changed', undefined, by);
    const events = await told();
    const facts = { ...asRecorded, subjectId: user.id };
    expect(events).toMatchObject([
      { ...facts, type: 'session_opened', sessionId: one },
      { ...facts, type: 'session_opened', sessionId: other },
      { ...facts, type: 'session_rotated', sessionId: one },
      { ...facts, type: 'session_ended', sessionId: one, details: { reason: 'signed_out' } },
      { ...facts, type: 'session_ended', sessionId: other, details: { reason: 'ended_by_admin' } },
      { ...facts, type: 'session_opened', sessionId: last.id },
      { ...facts, type: 'session_ended', sessionId: last.id, details: { reason: 'password_changed' } },
    ]);
    expect(events).toHaveLength(7);
  });

  it('include a renewal and a renaming only if they happened', async () => {
    const { token, session } = await sessions.open(user, client, lifetime, by);
    const renewed = await sessions.renew(token.reveal(), lifetime, by);
    await sessions.renew(token.reveal(), lifetime, by);
    await sessions.rename(session, 'My phone', by);
    await sessions.close(renewed!.token.reveal(), by);
    await sessions.rename(session, 'My phone', by);
    const events = await told();
    const facts = { ...asRecorded, subjectId: user.id, sessionId: session.id };
    expect(events).toMatchObject([
      { ...facts, type: 'session_opened' },
      { ...facts, type: 'session_rotated' },
      { ...facts, type: 'session_renamed' },
      { ...facts, type: 'session_ended' },
    ]);
    expect(events).toHaveLength(4);
  });

  it('include the end of a session once, also if two calls race', async () => {
    const { token, session } = await sessions.open(user, client, lifetime, by);
    const ends = [sessions.close(token.reveal(), by), sessions.end(session.id, 'ended_by_admin', by)];
    expect((await Promise.all(ends)).filter(Boolean)).toHaveLength(1);
    expect((await told()).slice(1)).toMatchObject([{ type: 'session_ended', sessionId: session.id }]);
  });

  it('include evicted sessions, with the default initiator if none is given', async () => {
    withOptions({ limit: { max: 1, policy: 'evict_oldest' } });
    const { session: first } = await sessions.open(user, client, lifetime);
    const { session: second } = await sessions.open(user, client, lifetime);
    const events = await told();
    expect(events).toMatchObject([
      { type: 'session_opened', sessionId: first.id, via: 'program', actorId: null },
      { type: 'session_ended', sessionId: first.id, details: { reason: 'evicted' } },
      { type: 'session_opened', sessionId: second.id },
    ]);
  });

  it('include the sign-in that the limit refused', async () => {
    withOptions({ limit: { max: 1, policy: 'refuse' } });
    await sessions.open(user, client, lifetime, by);
    await expect(sessions.open(user, client, lifetime, by)).rejects.toMatchObject({
      code: 'session_limit_reached',
    });
    expect((await told()).slice(1)).toMatchObject([
      {
        ...asRecorded,
        type: 'sign_in_failed',
        subjectId: user.id,
        details: { reason: 'session_limit_reached' },
      },
    ]);
  });
});

describe('The sweeper', () => {
  it('continues until nothing is left to delete', async () => {
    const clock = new FakeClock();
    const store = new MemorySessionStore();
    for (let index = 0; index < 1201; index += 1) await store.insert(aSession());
    const sweeper = new SessionSweeper(store, clock, new SessionsOptions());
    expect(await sweeper.sweep()).toBe(0);
    clock.advance(60 * MINUTE + ENDING_KEPT_FOR);
    expect(await sweeper.sweep()).toBe(1201);
    expect(await sweeper.sweep()).toBe(0);
  });

  it('starts with the application and repeats until it stops', async () => {
    const sweeps = new EventEmitter();
    class TellingStore extends MemorySessionStore {
      override sweep(now: Date, limit: number): Promise<SweepStep> {
        sweeps.emit('swept');
        return super.sweep(now, limit);
      }
    }
    const sweeper = new SessionSweeper(
      new TellingStore(),
      new FakeClock(),
      new SessionsOptions({ sweepInterval: 1 }),
    );
    sweeper.onApplicationBootstrap();
    const keepAlive = setInterval(() => {}, 1000);
    await once(sweeps, 'swept');
    await once(sweeps, 'swept');
    sweeper.onApplicationShutdown();
    clearInterval(keepAlive);
  });

  it('does not call the store after it has stopped', async () => {
    const clock = new FakeClock();
    const store = new MemorySessionStore();
    await store.insert(aSession());
    clock.advance(60 * MINUTE + ENDING_KEPT_FOR);
    const sweeper = new SessionSweeper(store, clock, new SessionsOptions());
    sweeper.onApplicationShutdown();
    expect(await sweeper.sweep()).toBe(0);
    expect(await store.sweep(clock.now(), 1)).toMatchObject({ forgotten: 1 });
  });

  it('continues after a failed sweep and logs the reason', async () => {
    const sweeps = new EventEmitter();
    const warnings: unknown[] = [];
    class FailingStore extends MemorySessionStore {
      override sweep(): Promise<SweepStep> {
        sweeps.emit('swept');
        return Promise.reject(new Error('The disk is gone.'));
      }
    }
    Logger.overrideLogger({ log: () => {}, error: () => {}, warn: (message) => void warnings.push(message) });
    const options = new SessionsOptions({ sweepInterval: 1 });
    const sweeper = new SessionSweeper(new FailingStore(), new FakeClock(), options);
    sweeper.onApplicationBootstrap();
    const keepAlive = setInterval(() => {}, 1000);
    await once(sweeps, 'swept');
    await once(sweeps, 'swept');
    sweeper.onApplicationShutdown();
    clearInterval(keepAlive);
    Logger.overrideLogger(new ConsoleLogger());
    expect(warnings[0]).toBe('Could not delete expired entries, and will try again: The disk is gone.');
  });
});
