import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createClient } from '@redis/client';
import { RedisServer } from '../../../test/support/engines.js';
import { describeWithEngine, describeWithRedis, newPrefix } from '../../../test/support/services.js';
import { redisSessionSpoilings, redisTallySpoilings } from '../../../test/support/spoilings.js';
import { NEVER } from '../../common/clock.js';
import { ENDING_KEPT_FOR } from '../../sessions/session-store.js';
import { moveSessions } from '../../sessions/session-move.js';
import { userTag } from '../../sessions/session-token.js';
import { describeSessionStore } from '../../testing/describe-session-store.js';
import { describeThrottleStore } from '../../testing/describe-throttle-store.js';
import { aSession } from '../../testing/samples.js';
import { MemorySessionStore } from '../memory/memory.session-store.js';
import { RedisConnection } from './redis.connection.js';
import { RedisSessionStore } from './redis.session-store.js';
import { RedisThrottleStore } from './redis.throttle-store.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (ms: number) => new Date(noon.getTime() + ms);
/** Milliseconds; long, because many calls run at once on a busy machine. Other specs test the timeout. */
const PATIENT = 10_000;

describeWithRedis('On Redis', () => {
  let opened: RedisConnection;

  async function storeOf<T>(make: (redis: RedisConnection) => T) {
    const { url, drop } = newPrefix();
    opened = await RedisConnection.open(url, PATIENT);
    return { store: make(opened), close: () => opened.close().then(drop) };
  }

  describeSessionStore('RedisSessionStore', () => storeOf((redis) => new RedisSessionStore(redis)), {
    forgetsByItself: true,
    spoilings: redisSessionSpoilings(() => opened),
  });

  describeThrottleStore('RedisThrottleStore', () => storeOf((redis) => new RedisThrottleStore(redis)), {
    spoilings: redisTallySpoilings(() => opened),
  });

  describe('the keys', () => {
    const { url, prefix, drop } = newPrefix();
    const client = createClient({ url });
    let redis: RedisConnection;
    let store: RedisSessionStore;

    beforeAll(async () => {
      await client.connect();
      redis = await RedisConnection.open(url, PATIENT);
      store = new RedisSessionStore(redis);
    });
    afterAll(async () => {
      await Promise.all([redis.close(), drop()]);
      client.destroy();
    });

    const keys = () => client.keys(`${prefix}:*`);
    const timeToLive = async () => {
      const lives = await Promise.all((await keys()).map((key) => client.pTTL(key)));
      return Math.min(...lives);
    };

    it('expire a day after the last of their sessions, after any operation', async () => {
      const day = ENDING_KEPT_FOR;
      const hour = 3_600_000;
      const near = (ms: number) => [ms - 5_000, ms] as const;
      const expectLife = async ([from, to]: readonly [number, number]) => {
        const life = await timeToLive();
        expect(life).toBeGreaterThan(from);
        expect(life).toBeLessThanOrEqual(to);
      };
      const session = aSession({ userId: 'ann' });
      await store.insert(session, { max: 2, policy: 'evict_oldest' });
      await expectLife(near(hour + day));
      await store.touch(session.id, after(hour / 2), after(3 * hour));
      await expectLife(near(2.5 * hour + day));
      const proof = {
        authenticatedAt: after(hour),
        proofs: { password: after(hour) },
        expiresAt: after(5 * hour),
      };
      await store.rotate(session.id, session.secretHash, 'renewed', after(hour), proof);
      await expectLife(near(4 * hour + day));
      await store.rename(session.id, 'My phone', after(hour));
      await store.insert(aSession({ userId: 'ann' }), { max: 1, policy: 'evict_oldest' });
      await store.insert(aSession({ userId: 'ann' }), { max: 1, policy: 'refuse' });
      await store.rotate(session.id, session.secretHash, 'next', noon);
      await store.end(session.id, 'signed_out', noon);
      await store.endAll('ann', 'signed_out', noon);
      await expectLife(near(4 * hour + day));
      await store.insert(aSession({ userId: 'ann', expiresAt: NEVER }));
      expect(await timeToLive()).toBeGreaterThan(1e15);
    });

    it('are one for each user, and none for users without sessions', async () => {
      const before = (await keys()).length;
      for (let count = 0; count < 3; count += 1) await store.insert(aSession({ userId: 'ben' }));
      const unknown = aSession();
      await store.touch(unknown.id, noon, after(1000));
      await store.rotate(unknown.id, unknown.secretHash, 'next', noon);
      await store.rename(unknown.id, 'My phone', noon);
      await store.end(unknown.id, 'signed_out', noon);
      await store.endAll('nobody', 'signed_out', noon);
      expect(await keys()).toHaveLength(before + 1);
    });

    it('do not keep sessions that ended more than a day ago', async () => {
      const rounds = 200;
      for (let day = 0; day < rounds; day += 1) {
        const createdAt = after(day * ENDING_KEPT_FOR);
        await store.insert(aSession({ userId: 'cat', createdAt }));
      }
      const sizes = await Promise.all((await keys()).map((key) => client.hLen(key)));
      expect(Math.max(...sizes)).toBeLessThan(30);
    });

    it('of accounts have no shares of networks that have drained', async () => {
      const throttle = new RedisThrottleStore(redis);
      const guess = (day: number) => {
        const networks = [`192.0.${day}.1`] as const;
        const now = after(day * ENDING_KEPT_FOR);
        const facts = { account: 'drained', familiarities: ['stranger'], mostForServer: 0 } as const;
        return throttle.recordGuess(
          { ...facts, networks, isRight: false, remembers: false, until: after(31 * ENDING_KEPT_FOR) },
          now,
        );
      };
      for (const day of [0, 1, 2]) expect(await guess(day)).toBe(true);
      const text = await client.get(`${prefix}:tally:guesses:drained`);
      expect(JSON.parse(text!.slice(text!.indexOf(' '))).holders).toEqual({ '192.0.2.1': 51_840_000 });
    });
  });

  it.each(['junk', '', '-1', 'inf', '\u00ff'])(
    'a count of fields that is %j prevents no sign-in',
    async (count) => {
      const { url, prefix, drop } = newPrefix();
      const [redis, operator] = [await RedisConnection.open(url, PATIENT), createClient({ url })];
      await operator.connect();
      const store = new RedisSessionStore(redis);
      await store.insert(aSession({ userId: 'ann' }));
      await operator.hSet(`${prefix}:${userTag('ann')}`, '', count);
      for (let number = 0; number < 20; number += 1)
        expect(await store.insert(aSession({ userId: 'ann' }))).toMatchObject({ outcome: 'inserted' });
      expect(await operator.hGet(`${prefix}:${userTag('ann')}`, '')).toMatch(/^\d+$/);
      operator.destroy();
      await redis.close();
      await drop();
    },
  );

  it.each([aSession().client, { ip: null, userAgent: null }])(
    'a session of an earlier version has the kind session (%j)',
    async (client) => {
      const { url, prefix, drop } = newPrefix();
      const [redis, operator] = [await RedisConnection.open(url, PATIENT), createClient({ url })];
      await operator.connect();
      const store = new RedisSessionStore(redis);
      const facts = { kind: 'session', transport: 'cookie', scope: 'write', label: null } as const;
      const session = aSession({ userId: 'ann', client, ...facts });
      const at = session.createdAt.getTime();
      const words = [session.expiresAt.getTime(), '-', '-', at, session.secretHash, at, 1, 'ann', at];
      const line = `${words.join(' ')} ${JSON.stringify([client.ip, client.userAgent])}`;
      await operator.hSet(`${prefix}:${userTag('ann')}`, session.id, line);

      expect(await store.find(session.id, noon)).toEqual(session);
      const one = { max: 1, policy: 'refuse' } as const;
      expect(await store.insert(aSession({ userId: 'ann' }), one)).toEqual({ outcome: 'refused' });
      for (const label of [null, 'My phone', null]) {
        expect(await store.rename(session.id, label, noon)).toBe(true);
        expect(await store.find(session.id, noon)).toEqual({ ...session, label });
      }
      operator.destroy();
      await redis.close();
      await drop();
    },
  );

  it('a session with an unpaired surrogate in its facts can be renamed', async () => {
    const { url, drop } = newPrefix();
    const redis = await RedisConnection.open(url, PATIENT);
    const store = new RedisSessionStore(redis);
    const session = aSession({ label: '\ud83c', client: { ip: null, userAgent: '\udf6a' } });
    await store.insert(session);
    expect(await store.rename(session.id, 'My phone', noon)).toBe(true);
    expect(await store.find(session.id, noon)).toMatchObject({
      label: 'My phone',
      client: { userAgent: '\ufffd' },
    });
    await redis.close();
    await drop();
  });

  it('the entries are only those under the prefix, also if it contains wildcards', async () => {
    const { url, drop } = newPrefix();
    const connections = await Promise.all(
      ['a', '*', '[a]', '\\', 'a:b'].map((end) =>
        RedisConnection.open(`${url}:${encodeURIComponent(end)}`, PATIENT),
      ),
    );
    for (const redis of connections)
      await new RedisSessionStore(redis).insert(aSession({ userId: redis.prefix }));
    for (const redis of connections) {
      const users: string[] = [];
      for await (const { session } of new RedisSessionStore(redis).entries()) users.push(session.userId);
      expect(users).toEqual([redis.prefix]);
    }
    await Promise.all(connections.map((redis) => redis.close()));
    await drop();
  });

  it('a session whose id does not contain the tag of its user is refused', async () => {
    const { url } = newPrefix();
    const redis = await RedisConnection.open(url, PATIENT);
    const stray = { ...aSession({ userId: 'ann' }), id: aSession({ userId: 'ben' }).id };
    await expect(new RedisSessionStore(redis).insert(stray)).rejects.toThrow('tag');
    await redis.close();
  });

  it('a move skips and counts sessions of the first version, whose ids have no tag', async () => {
    const redis = await RedisConnection.open(newPrefix().url, PATIENT);
    const [from, to] = [new MemorySessionStore(), new RedisSessionStore(redis)];
    const stray = { ...aSession(), id: aSession().id };
    const session = aSession();
    for (const one of [stray, session]) await from.insert(one);
    const counts = await moveSessions(from, to, noon);
    expect(counts).toEqual({ copied: 1, updated: 0, ended: 0, unchanged: 0, unmovable: 1 });
    expect(await to.find(session.id, noon)).toEqual(session);
    expect(await to.find(stray.id, noon)).toBeNull();
    await redis.close();
  });
});

describe('A Redis server that is not there', () => {
  it('stops the start, and the error does not contain the password', async () => {
    const opened = RedisConnection.open('redis://ann:hunter2@127.0.0.1:1/0?prefix=x', 200);
    await expect(opened).rejects.toThrow(/^Cannot open redis:\/\/127\.0\.0\.1:1\/0: .*ECONNREFUSED/);
  });
});

describeWithEngine.redis('The start warns', () => {
  it.each([
    ['of a Redis that keeps nothing', ['--appendonly', 'no'], 'append-only'],
    ['of a Redis that forgets when it is full', ['--maxmemory-policy', 'allkeys-lru'], 'evicts'],
    ['of nothing else', [], null],
  ])('%s', async (_, extra, warning) => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    const server = await RedisServer.start({ extra });
    await (await RedisConnection.open(server.url, PATIENT)).close();
    const warnings = warn.mock.calls.map(([message]) => message);
    expect(warnings).toEqual(warning === null ? [] : [expect.stringContaining(warning)]);
    warn.mockRestore();
    await server.close();
  });
});

describeWithEngine.redis('A connection that is replaced after a stall', () => {
  it('is repeated after the server refused it, until the server accepts it', async () => {
    const server = await RedisServer.start();
    const operator = createClient({ url: server.url });
    await operator.connect();
    const redis = await RedisConnection.open(server.url, 500);
    const store = new RedisSessionStore(redis);
    await operator.configSet('requirepass', 'secret');
    await operator.clientPause(2_000, 'ALL');
    const asked: Promise<unknown>[] = [];
    const asking = setInterval(() => asked.push(store.find('id', noon).catch(() => 'no answer')), 100);
    await setTimeout(2_500);
    clearInterval(asking);
    await Promise.all(asked);
    await expect(store.find('id', noon)).rejects.toThrow();
    await operator.configSet('requirepass', '');
    const answered = async (): Promise<unknown> =>
      store.find('id', noon).catch(() => setTimeout(50).then(answered));
    expect(await answered()).toBeNull();
    await redis.close();
    operator.destroy();
    await server.close();
  });
});
