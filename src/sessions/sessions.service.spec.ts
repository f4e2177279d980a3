import { EventEmitter, once } from 'node:events';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemorySessionStore } from '../storage/memory/memory.session-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aSession, aUser } from '../testing/samples.js';
import { SessionLifetime } from './session-lifetime.js';
import type { SweepStep } from '../common/sweeper.js';
import { ENDING_KEPT_FOR } from './session-store.js';
import { SessionSweeper } from './session-sweeper.js';
import { SessionsOptions } from './sessions-options.js';
import { SessionsService } from './sessions.service.js';

const MINUTE = 60_000;
const client = { ip: '192.0.2.1', userAgent: 'Example/1.0' };
const lifetime = new SessionLifetime({ idle: 20 * MINUTE, absolute: 60 * MINUTE });

/** Counts what is written. */
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

  it('writes use down once in a twentieth of the idle limit', async () => {
    const { token } = await sessions.open(user, client, lifetime);
    for (let second = 0; second < 120; second += 1) {
      clock.advance(1000);
      expect((await sessions.resume(token.reveal(), lifetime)).outcome).toBe('live');
    }
    expect(store.touches).toBe(2);
  });

  it('hands out no secret, not even its hash', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    const resumed = await sessions.resume(token.reveal(), lifetime);
    const listed = await sessions.list(user);
    expect(listed).toEqual([session]);
    expect(JSON.stringify([session, resumed, listed])).not.toContain(token.secretHash);
  });

  it('gives a session another token, of two racing callers to one', async () => {
    const { token } = await sessions.open(user, client, lifetime);
    const rotated = await Promise.all([sessions.rotate(token.reveal()), sessions.rotate(token.reveal())]);
    const [next] = rotated.filter((one) => one !== null);
    expect(rotated.filter((one) => one !== null)).toHaveLength(1);
    expect(await sessions.resume(token.reveal(), lifetime)).toEqual({ outcome: 'dead', reason: 'unknown' });
    expect((await sessions.resume(next!.reveal(), lifetime)).outcome).toBe('live');
  });

  it('gives none to who does not hold the whole token, nor to a session that is over', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    expect(await sessions.rotate(`${session.id}.${'A'.repeat(43)}`)).toBeNull();
    expect(await sessions.rotate('nonsense')).toBeNull();
    expect(await sessions.end(session.id, 'ended_by_admin')).toBe(true);
    expect(await sessions.rotate(token.reveal())).toBeNull();
  });

  it('does not list what an older credential opened', async () => {
    await sessions.open(user, client, lifetime);
    const changed = { ...user, credentialVersion: user.credentialVersion + 1 };
    const { session } = await sessions.open(changed, client, lifetime);
    expect(await sessions.list(changed)).toEqual([session]);
  });

  it('closes for who holds the whole token alone', async () => {
    const { token, session } = await sessions.open(user, client, lifetime);
    const forged = `${session.id}.${'A'.repeat(43)}`;
    expect(await sessions.close(forged)).toBe(false);
    expect(await sessions.close('nonsense')).toBe(false);
    expect(await sessions.close(token.reveal())).toBe(true);
    expect(await sessions.close(token.reveal())).toBe(false);
  });
});

describe('The sweeper', () => {
  it('goes on until nothing is left to forget', async () => {
    const clock = new FakeClock();
    const store = new MemorySessionStore();
    for (let index = 0; index < 1201; index += 1) await store.insert(aSession());
    const sweeper = new SessionSweeper(store, clock, new SessionsOptions());
    expect(await sweeper.sweep()).toBe(0);
    clock.advance(60 * MINUTE + ENDING_KEPT_FOR);
    expect(await sweeper.sweep()).toBe(1201);
    expect(await sweeper.sweep()).toBe(0);
  });

  it('sets out by itself when the application starts, and again and again until it stops', async () => {
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
});
