import { beforeEach, describe, expect, it } from '@jest/globals';
import { NEVER } from '../common/clock.js';
import type { InsertResult } from './session-store.js';
import { MemorySessionStore } from '../storage/memory/memory.session-store.js';
import { aSession } from '../testing/samples.js';
import type { SessionEntry, StoredSession } from './session.js';
import { type MoveCounts, moveSessions } from './session-move.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (minutes: number) => new Date(noon.getTime() + minutes * 60_000);
const counts = (some: Partial<MoveCounts>) => ({
  copied: 0,
  updated: 0,
  ended: 0,
  unchanged: 0,
  unmovable: 0,
  ...some,
});

/** Fails before the touch of this number, and at an insert of this id. */
class FragileStore extends MemorySessionStore {
  touchesLeft = Infinity;
  refusedId = '';

  override async touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean> {
    if (this.touchesLeft === 0) throw new Error('Broken.');
    this.touchesLeft -= 1;
    return super.touch(id, seenAt, expiresAt);
  }

  override async insert(session: StoredSession): Promise<InsertResult> {
    if (session.id === this.refusedId) throw new Error('Not here.');
    return super.insert(session);
  }
}

/** Counts parallel inserts. */
class CrowdedStore extends MemorySessionStore {
  underWay = 0;
  mostUnderWay = 0;

  override async insert(...args: Parameters<MemorySessionStore['insert']>) {
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    await new Promise((resolve) => setImmediate(resolve));
    this.underWay -= 1;
    return super.insert(...args);
  }
}

/** Yields each entry twice, as a scan may. */
class StutteringStore extends MemorySessionStore {
  override async *entries(): AsyncGenerator<SessionEntry> {
    for await (const entry of super.entries()) {
      yield entry;
      yield entry;
    }
  }
}

describe('A move of sessions', () => {
  let from: MemorySessionStore;
  let to: FragileStore;

  beforeEach(() => {
    from = new MemorySessionStore();
    to = new FragileStore();
  });

  const move = (now = noon) => moveSessions(from, to, now);

  /** A session of noon that both stores have. */
  async function aMovedSession(): Promise<StoredSession> {
    const session = aSession();
    await from.insert(session);
    await move();
    return session;
  }

  it('copies live sessions with all facts', async () => {
    const sessions = [
      aSession({ expiresAt: NEVER, credentialVersion: 7 }),
      aSession({ client: { ip: null, userAgent: null } }),
      aSession({ lastSeenAt: after(5), expiresAt: after(35), authenticatedAt: after(1) }),
      aSession({ kind: 'remembered', transport: 'bearer', label: 'My phone' }),
      aSession({ kind: 'access_token', transport: 'bearer', scope: 'read', label: 'Backup' }),
    ];
    for (const session of sessions) await from.insert(session);
    expect(await move()).toEqual(counts({ copied: 5 }));
    for (const session of sessions) expect(await to.find(session.id, noon)).toEqual(session);
  });

  it('copies more sessions than one group, and reports each', async () => {
    for (let number = 0; number < 120; number += 1) await from.insert(aSession({ userId: 'ann' }));
    let moved = 0;
    await moveSessions(from, to, noon, () => (moved += 1));
    expect(moved).toBe(120);
    expect(await to.findByUser('ann', noon)).toHaveLength(120);
  });

  it('moves at most fifty sessions in parallel', async () => {
    const crowded = new CrowdedStore();
    for (let number = 0; number < 120; number += 1) await from.insert(aSession());
    await moveSessions(from, crowded, noon);
    expect(crowded.mostUnderWay).toBe(50);
  });

  it('moves nothing from an empty store', async () => {
    expect(await move()).toEqual(counts({}));
  });

  it('does not change the first store', async () => {
    const session = await aMovedSession();
    expect(await from.find(session.id, noon)).toEqual(session);
  });

  it('does not copy ended sessions', async () => {
    const [ended, expired] = [aSession(), aSession({ expiresAt: noon })];
    for (const session of [ended, expired]) await from.insert(session);
    await from.end(ended.id, 'signed_out', noon);
    expect(await move()).toEqual(counts({ unchanged: 2 }));
    expect(await to.findByUser(ended.userId, noon)).toEqual([]);
    expect(await to.findByUser(expired.userId, new Date(0))).toEqual([]);
  });

  it('changes nothing when it is repeated', async () => {
    const ended = await aMovedSession();
    await from.end(ended.id, 'signed_out', after(1));
    await from.insert(aSession());
    await move(after(2));
    expect(await move(after(3))).toEqual(counts({ unchanged: 2 }));
  });

  it('copies a later use and its expiry', async () => {
    const session = await aMovedSession();
    await from.touch(session.id, after(10), after(70));
    expect(await move(after(11))).toEqual(counts({ updated: 1 }));
    expect(await to.find(session.id, after(65))).toEqual({
      ...session,
      lastSeenAt: after(10),
      expiresAt: after(70),
    });
  });

  it('copies a use with an earlier expiry', async () => {
    const session = await aMovedSession();
    await from.touch(session.id, after(10), after(20));
    await move(after(30));
    expect(await to.find(session.id, after(20))).toBeNull();
  });

  it('keeps a session live that was used in the first store, also days after the copy expired', async () => {
    const session = await aMovedSession();
    await from.touch(session.id, after(50), after(110));
    await from.touch(session.id, after(100), NEVER);
    await from.rotate(session.id, session.secretHash, 'next', after(100));
    const daysLater = after(3 * 24 * 60);
    expect(await move(daysLater)).toEqual(counts({ updated: 1 }));
    expect(await to.find(session.id, daysLater)).toEqual(await from.find(session.id, daysLater));
    expect((await to.find(session.id, daysLater))?.secretHash).toBe('next');
  });

  it('keeps a session live that was used at the instant at which the copy expires', async () => {
    const session = await aMovedSession();
    await from.touch(session.id, after(50), after(110));
    await from.touch(session.id, after(60), after(120));
    expect(await move(after(61))).toEqual(counts({ updated: 1 }));
    expect(await to.find(session.id, after(61))).toEqual(await from.find(session.id, after(61)));
  });

  it('copies a new secret', async () => {
    const session = await aMovedSession();
    await from.rotate(session.id, session.secretHash, 'next', after(1));
    expect(await move(after(2))).toEqual(counts({ updated: 1 }));
    expect(await to.find(session.id, after(2))).toEqual({
      ...session,
      secretHash: 'next',
      lastSeenAt: after(1),
    });
  });

  it('copies a new proof and the new expiry', async () => {
    const session = await aMovedSession();
    const proof = { authenticatedAt: after(10), proofs: { password: after(10) }, expiresAt: after(300) };
    await from.rotate(session.id, session.secretHash, 'next', after(10), proof);
    expect(await move(after(11))).toEqual(counts({ updated: 1 }));
    const renewed = { ...session, ...proof, secretHash: 'next', lastSeenAt: after(10) };
    expect(await to.find(session.id, after(299))).toEqual(renewed);
    expect(await move(after(12))).toEqual(counts({ unchanged: 1 }));
  });

  it('copies a proof also if the session was used and renamed later and the copy has expired', async () => {
    const session = await aMovedSession();
    const proof = { authenticatedAt: after(50), proofs: { password: after(50) }, expiresAt: after(110) };
    await from.rotate(session.id, session.secretHash, 'next', after(50), proof);
    await from.touch(session.id, after(100), after(160));
    await from.rename(session.id, 'My phone', after(120));
    expect(await move(after(130))).toEqual(counts({ updated: 1 }));
    expect(await to.find(session.id, after(130))).toEqual(await from.find(session.id, after(130)));
    expect(await to.find(session.id, after(130))).toMatchObject({
      authenticatedAt: after(50),
      label: 'My phone',
    });
  });

  it('copies a new label, and the removal of a label, without a use', async () => {
    const session = await aMovedSession();
    for (const label of ['My phone', null]) {
      await from.rename(session.id, label, after(5));
      expect(await move(after(6))).toEqual(counts({ updated: 1 }));
      expect(await to.find(session.id, after(6))).toEqual({ ...session, label });
      expect(await move(after(7))).toEqual(counts({ unchanged: 1 }));
    }
  });

  it('keeps label and proof if the second store has a later use', async () => {
    const session = await aMovedSession();
    await to.touch(session.id, after(20), after(80));
    const proof = { authenticatedAt: after(10), proofs: { password: after(10) }, expiresAt: after(300) };
    await from.rotate(session.id, session.secretHash, 'next', after(10), proof);
    await from.rename(session.id, 'My phone', after(21));
    expect(await move(after(22))).toEqual(counts({ unchanged: 1 }));
    expect(await to.find(session.id, after(22))).toEqual({
      ...session,
      lastSeenAt: after(20),
      expiresAt: after(80),
    });
  });

  it.each([0, 1])('is completed by the next run when it fails after %i touches', async (touchesLeft) => {
    const session = await aMovedSession();
    await from.touch(session.id, after(59), after(119));
    await from.touch(session.id, after(100), after(160));
    const proof = { authenticatedAt: after(110), proofs: { password: after(110) }, expiresAt: after(170) };
    await from.rotate(session.id, session.secretHash, 'next', after(110), proof);
    await from.rename(session.id, 'My phone', after(111));
    to.touchesLeft = touchesLeft;
    await expect(move(after(120))).rejects.toThrow('Broken.');
    to.touchesLeft = Infinity;
    expect(await move(after(120))).toEqual(counts({ updated: 1 }));
    expect(await to.find(session.id, after(120))).toEqual(await from.find(session.id, after(120)));
  });

  it('ends in the second store what was ended in the first, with the same reason and time', async () => {
    const session = await aMovedSession();
    await from.end(session.id, 'ended_by_admin', after(5));
    expect(await move(after(10))).toEqual(counts({ ended: 1 }));
    expect(await to.endingOf(session.id, after(10))).toEqual({
      session,
      reason: 'ended_by_admin',
      at: after(5),
    });
  });

  it('does not restore a session that was used and then ended in the first store', async () => {
    const session = await aMovedSession();
    await from.touch(session.id, after(50), NEVER);
    await from.end(session.id, 'signed_out', after(100));
    await move(after(101));
    expect(await to.find(session.id, after(101))).toBeNull();
  });

  it('does not restore a session that was ended in the second store', async () => {
    const session = await aMovedSession();
    await to.end(session.id, 'signed_out', after(1));
    await from.touch(session.id, after(10), after(70));
    const proof = { authenticatedAt: after(11), proofs: { password: after(11) }, expiresAt: after(71) };
    await from.rotate(session.id, session.secretHash, 'next', after(11), proof);
    await from.rename(session.id, 'My phone', after(11));
    expect(await move(after(12))).toEqual(counts({ unchanged: 1 }));
    expect(await to.find(session.id, after(12))).toBeNull();
    expect((await to.endingOf(session.id, after(12)))?.reason).toBe('signed_out');
  });

  it('does not restore it after the second store no longer reports its end', async () => {
    const session = aSession({ expiresAt: NEVER });
    await from.insert(session);
    await move();
    await to.end(session.id, 'signed_out', after(1));
    const daysLater = after(3 * 24 * 60);
    expect(await move(daysLater)).toEqual(counts({ unchanged: 1 }));
    expect(await to.find(session.id, daysLater)).toBeNull();
  });

  it('keeps a later use of the second store', async () => {
    const session = await aMovedSession();
    await to.touch(session.id, after(20), after(80));
    await from.touch(session.id, after(10), after(70));
    expect(await move(after(21))).toEqual(counts({ unchanged: 1 }));
    expect(await to.find(session.id, after(21))).toEqual({
      ...session,
      lastSeenAt: after(20),
      expiresAt: after(80),
    });
  });

  it('keeps a new secret of the second store', async () => {
    const session = await aMovedSession();
    await from.rotate(session.id, session.secretHash, 'older', after(1));
    await to.rotate(session.id, session.secretHash, 'newer', after(2));
    expect(await move(after(3))).toEqual(counts({ unchanged: 1 }));
    expect((await to.find(session.id, after(3)))?.secretHash).toBe('newer');
  });

  it('does not change sessions that only the second store has', async () => {
    const session = aSession();
    await to.insert(session);
    expect(await move()).toEqual(counts({}));
    expect(await to.find(session.id, noon)).toEqual(session);
  });

  it('works with a store that yields a session twice', async () => {
    from = new StutteringStore();
    const session = aSession();
    await from.insert(session);
    expect(await move()).toEqual(counts({ copied: 1, unchanged: 1 }));
    await from.rotate(session.id, session.secretHash, 'next', after(1));
    await move(after(1));
    expect(await to.find(session.id, after(1))).toEqual(await from.find(session.id, after(1)));
  });

  it('works while another run is in progress', async () => {
    const sessions = Array.from({ length: 200 }, () => aSession());
    for (const session of sessions) await from.insert(session);
    const [one, other] = await Promise.all([move(), move()]);
    expect(one.copied + other.copied).toBe(200);
    for (const session of sessions) expect(await to.find(session.id, noon)).toEqual(session);
  });

  it('stops with the reason if a session cannot be stored', async () => {
    const session = aSession();
    await from.insert(session);
    to.refusedId = session.id;
    await expect(move()).rejects.toThrow('Not here.');
  });
});
