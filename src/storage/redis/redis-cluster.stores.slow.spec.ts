import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RedisCluster } from '../../../test/support/engines.js';
import { describeWithEngine } from '../../../test/support/services.js';
import { redisSessionSpoilings, redisTallySpoilings } from '../../../test/support/spoilings.js';
import type { StoredSession } from '../../sessions/session.js';
import { describeSessionStore } from '../../testing/describe-session-store.js';
import { describeThrottleStore } from '../../testing/describe-throttle-store.js';
import { aSession } from '../../testing/samples.js';
import { RedisConnection } from './redis.connection.js';
import { RedisSessionStore } from './redis.session-store.js';
import { RedisThrottleStore } from './redis.throttle-store.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
/** Milliseconds; long, because many calls run at once on a busy machine. Other specs test the timeout. */
const PATIENT = 10_000;
const SLOTS = 300;

describeWithEngine.redis('On a Redis Cluster of three nodes', () => {
  let cluster: RedisCluster;
  let count = 0;
  const open = () => RedisConnection.open(`${cluster.url}?prefix=test${(count += 1)}`, PATIENT);

  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterAll(() => cluster.close());

  let opened: RedisConnection;

  async function storeOf<T>(make: (redis: RedisConnection) => T) {
    opened = await open();
    return { store: make(opened), close: () => opened.close() };
  }

  describeSessionStore('RedisSessionStore', () => storeOf((redis) => new RedisSessionStore(redis)), {
    forgetsByItself: true,
    spoilings: redisSessionSpoilings(() => opened),
  });

  describeThrottleStore('RedisThrottleStore', () => storeOf((redis) => new RedisThrottleStore(redis)), {
    spoilings: redisTallySpoilings(() => opened),
  });

  it('resharding loses no session, restores no ended session and fails no call', async () => {
    const redis = await open();
    const store = new RedisSessionStore(redis);
    const live: StoredSession[] = [];
    const over: StoredSession[] = [];
    const wrong: string[] = [];
    const resharding = new AbortController();

    const work = async () => {
      while (!resharding.signal.aborted) {
        const [kept, ended] = [aSession(), aSession()];
        for (const session of [kept, ended]) await store.insert(session, { max: 3, policy: 'evict_oldest' });
        if (!(await store.rotate(kept.id, kept.secretHash, 'next', noon))) wrong.push('not rotated');
        if (!(await store.touch(kept.id, noon, kept.expiresAt))) wrong.push('not touched');
        if (!(await store.end(ended.id, 'signed_out', noon))) wrong.push('not ended');
        live.push(kept);
        over.push(ended);
        const known = live[Math.floor(Math.random() * live.length)]!;
        if (!(await store.find(known.id, noon))) wrong.push('lost');
        await delay(1);
      }
    };
    const workers = Array.from({ length: 4 }, work);
    await delay(500);
    await cluster.reshard(SLOTS, 0, 1);
    await cluster.reshard(SLOTS, 2, 0);
    resharding.abort();
    await Promise.all(workers);

    expect(wrong).toEqual([]);
    expect(live.length).toBeGreaterThan(200);
    for (const { id } of live) expect((await store.find(id, noon))?.secretHash).toBe('next');
    for (const { id } of over) expect(await store.find(id, noon)).toBeNull();
    await redis.close();
  });
});
