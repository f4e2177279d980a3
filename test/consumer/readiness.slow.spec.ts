import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Global, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createClient } from '@redis/client';
import SqliteConnection from 'better-sqlite3';
import { CoatcheckModule, type CoatcheckOptionsGiven, Public, Readiness, SessionStore } from 'coatcheck';
import { postgres } from 'coatcheck/postgres';
import { type GivenRedis, redis } from 'coatcheck/redis';
import { sqlite } from 'coatcheck/sqlite';
import { Redis } from 'ioredis';
import { Client, Pool } from 'pg';
import { RedisServer, command, eventually } from '../support/engines.js';
import { describeWithEngine, describeWithPostgres, newSchema } from '../support/services.js';

@Public()
@Controller('health')
class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('ready')
  async ready() {
    await this.readiness.check();
    return { status: 'up' };
  }
}

describe('The health route of an application', () => {
  const open: { app: INestApplication | null; readonly ends: (() => unknown)[] } = { app: null, ends: [] };

  afterEach(async () => {
    await open.app?.close();
    open.app = null;
    for (const end of open.ends.splice(0).toReversed()) await end();
  });

  async function start(storage: CoatcheckOptionsGiven['storage'], ...imports: Function[]): Promise<void> {
    @Module({
      imports: [...(imports as []), CoatcheckModule.forRoot({ storage })],
      controllers: [HealthController],
    })
    class Host {}

    open.app = await NestFactory.create(Host, { logger: false, abortOnError: false });
    await open.app.listen(0, '127.0.0.1');
  }

  async function status(): Promise<number> {
    return (await fetch(`${await open.app!.getUrl()}/health/ready`)).status;
  }

  /** Results are cached for a second. */
  const becomes = (expected: number) => eventually(async () => expect(await status()).toBe(expected));

  const newFile = () => join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'host.db');

  it('is a 503 while its Database of better-sqlite3 cannot be written', async () => {
    const database = new SqliteConnection(newFile());
    open.ends.push(() => database.close());
    await start({ database: sqlite(database) });
    expect(await status()).toBe(200);
    database.exec('begin immediate');
    await becomes(503);
    database.exec('rollback');
    await becomes(200);
  });

  describeWithPostgres('with a pool of pg', () => {
    it('is a 503 while the pool has no connection left, or may not write', async () => {
      const schema = await newSchema();
      const role = `${schema.name}_user`;
      const admin = new Client({ connectionString: schema.url });
      await admin.connect();
      await admin.query(`create role ${role} login`);
      await admin.query(`grant all on schema ${schema.name} to ${role}`);
      const url = new URL(schema.url);
      url.username = role;
      const pool = new Pool({ connectionString: url.href.replaceAll('+', '%20'), max: 2 });
      open.ends.push(
        () => schema.drop(),
        () => admin.end(),
        () => admin.query(`drop owned by ${role} cascade; drop role ${role}`),
        () => pool.end(),
      );
      await start({ database: postgres(pool) });
      expect(await status()).toBe(200);
      const held = await Promise.all([pool.connect(), pool.connect()]);
      await becomes(503);
      held.forEach((client) => client.release());
      await becomes(200);
      await admin.query(`revoke insert on ${schema.name}.coatcheck_tallies from ${role}`);
      await becomes(503);
      await admin.query(`grant insert on ${schema.name}.coatcheck_tallies to ${role}`);
      await becomes(200);
    });
  });

  describeWithEngine.redis('with a client of Redis', () => {
    const CLIENTS: Record<string, (url: string) => Promise<GivenRedis>> = {
      'node-redis': async (url) => {
        const client = createClient({ url, socket: { reconnectStrategy: () => 50 } });
        open.ends.push(() => client.destroy());
        client.on('error', () => {});
        return client.connect();
      },
      ioredis: async (url) => {
        const retryStrategy = () => 50;
        const client = new Redis(url, {
          lazyConnect: true,
          retryStrategy,
          autoResendUnfulfilledCommands: false,
        });
        open.ends.push(() => client.disconnect());
        client.on('error', () => {});
        await client.connect();
        return client;
      },
    };

    async function newServer(): Promise<RedisServer> {
      const server = await RedisServer.start();
      open.ends.push(() => server.close());
      return server;
    }

    it.each(Object.entries(CLIENTS))('is a 503 while Redis is full or lost: %s', async (_, connect) => {
      const server = await newServer();
      const client = await connect(server.url);
      await start({ database: `sqlite:${newFile()}`, sessions: redis(client) });
      expect(await status()).toBe(200);
      await command(server.port, 'CONFIG', 'SET', 'maxmemory', '1');
      await becomes(503);
      await command(server.port, 'CONFIG', 'SET', 'maxmemory', '0');
      await becomes(200);
      await server.kill();
      await becomes(503);
      await server.restart();
      await becomes(200);
    });

    it('is a 503 while a store of its own is lost', async () => {
      const server = await newServer();
      const client = await CLIENTS['node-redis']!(server.url);
      const { sessions } = await redis(client).open(500);

      @Global()
      @Module({ providers: [{ provide: SessionStore, useValue: sessions }], exports: [SessionStore] })
      class SessionStoreModule {}

      await start({ database: `sqlite:${newFile()}`, without: ['sessions'] }, SessionStoreModule);
      expect(await status()).toBe(200);
      await server.kill();
      await becomes(503);
      await server.restart();
      await becomes(200);
    });
  });
});
