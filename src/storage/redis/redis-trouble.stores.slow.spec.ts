import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  RedisCluster,
  RedisServer,
  ReplicatedRedis,
  SentinelRedis,
  command,
} from '../../../test/support/engines.js';
import { Forwarder } from '../../../test/support/forwarder.js';
import { describeWithEngine } from '../../../test/support/services.js';
import { StoreUnavailableError } from '../../common/domain-error.js';
import { aSession } from '../../testing/samples.js';
import { StoreMisconfiguredError } from '../store-calls.js';
import { RedisConnection } from './redis.connection.js';
import { RedisSessionStore } from './redis.session-store.js';
import { RedisThrottleStore } from './redis.throttle-store.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const soon = new Date(noon.getTime() + 1_000);
const later = new Date(noon.getTime() + 60_000);

/** Milliseconds; long enough for a busy machine. */
const TIMEOUT = 2_000;

/** Milliseconds within which a fail-over must be noticed. */
const NOTICED = 5_000;

async function open(url: string, timeout = TIMEOUT) {
  const redis = await RedisConnection.open(url, timeout);
  return {
    sessions: new RedisSessionStore(redis),
    tallies: new RedisThrottleStore(redis),
    close: () => redis.close(),
  };
}

/** The first right answer, or the last answer after five seconds. */
async function within<T>(ask: () => Promise<T>, isRight: (answer: T | Error) => boolean): Promise<T | Error> {
  const deadline = performance.now() + NOTICED;
  for (;;) {
    const answer = await ask().catch((error: Error) => error);
    if (isRight(answer) || performance.now() > deadline) return answer;
    await delay(20);
  }
}

describeWithEngine.redis('A Redis whose memory is full', () => {
  let server: RedisServer;
  let stores: Awaited<ReturnType<typeof open>>;
  const isFull = (full: boolean) => command(server.port, 'CONFIG', 'SET', 'maxmemory', full ? '1' : '0');

  beforeAll(async () => {
    server = await RedisServer.start();
    stores = await open(server.url);
  });
  afterAll(async () => {
    await stores.close();
    await server.close();
  });

  it('ends one session or all of a user, and keeps the reason', async () => {
    const { sessions } = stores;
    const [one, two, three] = [1, 2, 3].map(() => aSession({ userId: 'ann' })) as [
      ReturnType<typeof aSession>,
      ReturnType<typeof aSession>,
      ReturnType<typeof aSession>,
    ];
    for (const session of [one, two, three]) await sessions.insert(session);
    await isFull(true);
    try {
      expect(await sessions.end(one.id, 'signed_out', noon)).toBe(true);
      expect(await sessions.endAll('ann', 'password_changed', noon, two.id)).toEqual([three.id]);
      expect(await sessions.endingOf(one.id, noon)).toMatchObject({ reason: 'signed_out' });
      expect(await sessions.endingOf(three.id, noon)).toMatchObject({ reason: 'password_changed' });
      expect((await sessions.findByUser('ann', noon)).map(({ id }) => id)).toEqual([two.id]);
    } finally {
      await isFull(false);
    }
  });

  it('touches and rotates existing sessions', async () => {
    const { sessions } = stores;
    const session = aSession({ userId: 'ben' });
    await sessions.insert(session);
    await isFull(true);
    try {
      expect(await sessions.touch(session.id, soon, session.expiresAt)).toBe(true);
      expect(await sessions.rotate(session.id, session.secretHash, 'next', soon)).toBe(true);
    } finally {
      await isFull(false);
    }
  });

  it('inserts no session, and evicts none for it', async () => {
    const { sessions } = stores;
    const session = aSession({ userId: 'cat' });
    await sessions.insert(session);
    await isFull(true);
    try {
      const limit = { max: 1, policy: 'evict_oldest' } as const;
      await expect(sessions.insert(aSession({ userId: 'cat' }), limit)).rejects.toThrow(
        StoreUnavailableError,
      );
      expect(await sessions.find(session.id, noon)).not.toBeNull();
    } finally {
      await isFull(false);
    }
  });

  it('updates existing counters, and adds no counter', async () => {
    const { tallies } = stores;
    const networks = ['192.0.2.1', '192.0.2.0/24'] as const;
    const guess = { networks, mostForServer: 9, familiarities: ['stranger'], until: later } as const;
    const record = (account: string, isRight: boolean) =>
      tallies.recordGuess({ ...guess, account, isRight, remembers: true }, noon);
    const code = (name: string) => tallies.recordCode({ ...guess, code: name, isRight: false }, noon);
    const read = async () => tallies.read({ accounts: ['known', 'new'], networks }, noon);
    expect([await record('known', true), await record('known', false), await code('known')]).toEqual([
      true,
      true,
      0,
    ]);
    await isFull(true);
    try {
      expect([await record('known', true), await record('known', false), await code('known')]).toEqual([
        true,
        true,
        0,
      ]);
      await expect(record('new', true)).rejects.toThrow(StoreUnavailableError);
      await expect(code('new')).rejects.toThrow(StoreUnavailableError);
      await expect(tallies.forget('new', noon)).rejects.toThrow(StoreUnavailableError);
      const elsewhere = { networks: ['192.0.3.1', '192.0.3.0/24'], mostForServer: 9 } as const;
      await expect(tallies.recordFailure(elsewhere, noon)).rejects.toThrow(StoreUnavailableError);
      expect(await read()).toMatchObject({
        signIns: [noon.getTime(), null],
        ofNetworks: { counts: { '192.0.2.1': 4 } },
        ofServer: { counts: { all: 4 } },
      });
      await tallies.forget('known', noon);
    } finally {
      await isFull(false);
    }
  });
});

describeWithEngine.redis('A Redis that refuses', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.close());

  it('a user without permissions: the error is permanent', async () => {
    await command(server.port, 'ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@all', '-hset', '-set');
    const stores = await open(`redis://reader:secret@127.0.0.1:${server.port}`);
    await expect(stores.sessions.insert(aSession())).rejects.toThrow(StoreMisconfiguredError);
    await stores.close();
  });

  it('a user without permission for INFO: calls succeed', async () => {
    const rights = [
      '~*',
      '+eval',
      '+get',
      '+set',
      '+del',
      '+hget',
      '+hset',
      '+hlen',
      '+hexists',
      '+pttl',
      '+pexpire',
    ];
    await command(server.port, 'ACL', 'SETUSER', 'few', 'on', '>secret', ...rights);
    const stores = await open(`redis://few:secret@127.0.0.1:${server.port}`);
    const session = aSession();
    await stores.sessions.insert(session);
    expect(await stores.sessions.find(session.id, noon)).toEqual(session);
    await stores.close();
  });

  it('a password that was changed: calls fail until it is right again', async () => {
    await command(server.port, 'ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all');
    const stores = await open(`redis://app:secret@127.0.0.1:${server.port}`);
    await command(server.port, 'ACL', 'SETUSER', 'app', '<secret', '>other');
    await command(server.port, 'CLIENT', 'KILL', 'USER', 'app');
    const find = () => stores.sessions.find(aSession().id, noon);
    const isRefused = (answer: unknown) => String((answer as Error | null)?.cause).includes('WRONGPASS');
    expect(await within(find, isRefused)).toMatchObject({ name: StoreUnavailableError.name });
    await command(server.port, 'ACL', 'SETUSER', 'app', '>secret');
    expect(await within(find, (answer) => answer === null)).toBeNull();
    await stores.close();
  });
});

describeWithEngine.redis('A server that is not what the URL says', () => {
  it('stops the start, and the error names the right URL', async () => {
    const sentinel = await SentinelRedis.start();
    const cluster = await RedisCluster.start();
    try {
      const replica = sentinel.servers[1]!.url;
      await expect(open(replica)).rejects.toThrow('The server is a replica, which takes no writes.');
      await expect(open(sentinel.sentinels[0]!.url)).rejects.toThrow('redis-sentinel://host:port/service');
      await expect(open(cluster.nodes[0]!.url)).rejects.toThrow('redis-cluster://host:port');
      const unknown = sentinel.url.replace(/\/\w+$/, '/hats');
      await expect(open(unknown)).rejects.toThrow('knows no service of this name');
      const noSentinel = `redis-sentinel://127.0.0.1:${sentinel.servers[0]!.port}/coats`;
      await expect(open(noSentinel)).rejects.toThrow('No sentinel names the primary');
      const noCluster = `redis-cluster://127.0.0.1:${sentinel.servers[0]!.port}`;
      await expect(open(noCluster)).rejects.toThrow('cluster support disabled');
    } finally {
      await Promise.all([sentinel.close(), cluster.close()]);
    }
  });
});

describeWithEngine.redis('A Redis with a replica', () => {
  let redis: ReplicatedRedis;
  beforeAll(async () => {
    redis = await ReplicatedRedis.start();
  });
  afterAll(() => redis.close());

  it('that was demoted is replaced, also if nothing is written', async () => {
    const old = await redis.primary();
    const next = redis.servers.find((server) => server !== old)!;
    const address = await Forwarder.start(old.port);
    const stores = await open(`redis://127.0.0.1:${address.port}`);
    const session = aSession();
    await stores.sessions.insert(session);
    // The old primary does not receive the writes of the new one.
    await command(next.port, 'REPLICAOF', 'NO', 'ONE');
    await command(old.port, 'REPLICAOF', '127.0.0.1', '1');
    address.switchTo(next.port);
    const elsewhere = await open(next.url);
    await elsewhere.sessions.end(session.id, 'signed_out', noon);
    const find = () => stores.sessions.find(session.id, noon);
    expect(await within(find, (answer) => answer === null)).toBeNull();
    await Promise.all([stores.close(), elsewhere.close(), address.close()]);
    await redis.promote(next);
    await redis.mend();
  });

  it('confirms only writes that the replica has received', async () => {
    const primary = await redis.primary();
    const replica = redis.servers.find((server) => server !== primary)!;
    const stores = await open(primary.url, 1_000);
    const [kept, ended] = [aSession(), aSession()];
    await stores.sessions.insert(ended);
    await replica.freeze();
    const insert = stores.sessions.insert(kept);
    await expect(insert).rejects.toMatchObject({
      name: StoreUnavailableError.name,
      cause: { message: '0 of 1 replicas have a change.' },
    });
    await expect(stores.sessions.end(ended.id, 'signed_out', noon)).rejects.toThrow(StoreUnavailableError);
    expect(await stores.sessions.find(kept.id, noon)).toEqual(kept);
    const unconfirmed = await open(`${primary.url}?replicas=0`, 1_000);
    await unconfirmed.sessions.insert(aSession());
    replica.thaw();
    expect(await stores.sessions.insert(aSession())).toMatchObject({ outcome: 'inserted' });
    await Promise.all([stores.close(), unconfirmed.close()]);
  });

  it('stops waiting for a replica that left some seconds ago', async () => {
    const primary = await redis.primary();
    const stores = await open(primary.url, 500);
    await redis.servers.find((server) => server !== primary)!.kill();
    await expect(stores.sessions.insert(aSession())).rejects.toThrow(StoreUnavailableError);
    await delay(NOTICED);
    const insert = () => stores.sessions.insert(aSession());
    expect(await within(insert, (answer) => !(answer instanceof Error))).toMatchObject({
      outcome: 'inserted',
    });
    await stores.close();
    await redis.mend();
  });
});
