import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createClient, createCluster } from '@redis/client';
import { Client } from 'pg';
import { PostgresServer, RedisCluster, RedisServer } from './support/engines.js';
import { describeWithEngine } from './support/services.js';

/** A set of numbers that an engine keeps. */
interface Numbers {
  add(number: number): Promise<unknown>;
  all(): Promise<number[]>;
  close(): Promise<void>;
}

async function inRedis(url: string): Promise<Numbers> {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on('error', () => {});
  await client.connect();
  return {
    add: (number) => client.sAdd('numbers', `${number}`),
    all: async () => (await client.sMembers('numbers')).map(Number),
    close: async () => client.destroy(),
  };
}

async function inPostgres(url: string): Promise<Numbers> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS numbers (number integer PRIMARY KEY)');
  return {
    add: (number) => client.query('INSERT INTO numbers VALUES ($1)', [number]),
    all: async () =>
      (await client.query<{ number: number }>('SELECT number FROM numbers')).rows.map(({ number }) => number),
    close: () => client.end(),
  };
}

const ENGINES = [
  { name: 'Redis', describe: describeWithEngine.redis, start: () => RedisServer.start(), connect: inRedis },
  {
    name: 'PostgreSQL',
    describe: describeWithEngine.postgres,
    start: () => PostgresServer.start(),
    connect: inPostgres,
  },
] as const;

for (const { name, describe, start, connect } of ENGINES) {
  describe(`A ${name} of our own`, () => {
    let engine: RedisServer | PostgresServer;

    beforeAll(async () => {
      engine = await start();
    });

    afterAll(() => engine.close());

    it('answers after a kill -9 amid writes, with everything it acknowledged', async () => {
      const numbers = await connect(engine.url);
      const acknowledged: number[] = [];
      const writing = (async () => {
        for (;;) {
          await numbers.add(acknowledged.length);
          acknowledged.push(acknowledged.length);
        }
      })();
      await setTimeout(200);
      await Promise.all([engine.kill(), expect(writing).rejects.toThrow()]);
      expect(engine.pid).toBeUndefined();
      await engine.restart();
      const again = await connect(engine.url);
      expect(acknowledged.length).toBeGreaterThan(0);
      expect(await again.all()).toEqual(expect.arrayContaining(acknowledged));
      await again.close();
    });

    it('answers nothing while frozen, and what was asked once thawed', async () => {
      const numbers = await connect(engine.url);
      await engine.freeze();
      const added = numbers.add(1_000_000).then(() => 'added');
      expect(await Promise.race([added, setTimeout(300, 'waiting')])).toBe('waiting');
      engine.thaw();
      expect(await added).toBe('added');
      await numbers.close();
    });

    it('ends in good order on SIGINT and starts again', async () => {
      await engine.kill('SIGINT');
      await engine.restart();
      const numbers = await connect(engine.url);
      expect(await numbers.all()).toContain(1_000_000);
      await numbers.close();
    });

    it('is killed while frozen, too', async () => {
      await engine.freeze();
      await engine.kill();
      await expect(connect(engine.url)).rejects.toThrow('ECONNREFUSED');
    });
  });
}

describeWithEngine.redis('A Redis Cluster of our own', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });

  afterAll(() => cluster.close());

  it('loses no key while slots move under a client that writes', async () => {
    const client = createCluster({ rootNodes: cluster.nodes.map(({ url }) => ({ url })) });
    await client.connect();
    const target = createClient({ url: cluster.nodes[1]?.url ?? '' });
    await target.connect();
    const written: string[] = [];
    const write = async () => {
      const key = `key-${written.length}`;
      await client.set(key, key);
      written.push(key);
    };

    while (written.length < 2000) await write();
    const before = await target.dbSize();
    const moved = cluster.reshard(500, 0, 1).then(() => 'moved');
    let last: Promise<void>;
    do last = write();
    while ((await Promise.race([moved, last])) !== 'moved');
    await last;

    expect(written.length).toBeGreaterThan(2000);
    expect(await target.dbSize()).toBeGreaterThan(before + 30);
    expect(await Promise.all(written.map((key) => client.get(key)))).toEqual(written);
    target.destroy();
    client.destroy();
  });

  it('moves the slots that are named, back as well', async () => {
    await cluster.reshard([16_383], 2, 0);
    await cluster.reshard([16_383], 0, 2);
    const client = createClient({ url: cluster.nodes[1]?.url ?? '' });
    await client.connect();
    const nodes = String(await client.sendCommand(['CLUSTER', 'NODES']));
    expect(nodes).toMatch(new RegExp(`:${cluster.ports[2]}@.* connected 10922-16383$`, 'm'));
    client.destroy();
  });
});
