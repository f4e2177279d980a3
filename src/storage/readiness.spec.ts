import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { describeWithEngine, describeWithPostgres, newSchema } from '../../test/support/services.js';
import { RedisServer } from '../../test/support/engines.js';
import { SystemClock } from '../common/clock.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import { Connections } from './connections.js';
import { Readiness } from './readiness.js';
import { StorageOptions } from './storage-options.js';

/** Milliseconds after which a result is no longer cached. */
const EXPIRED = 1_100;

const newUrl = () => `sqlite:${join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db')}`;

afterEach(() => void jest.restoreAllMocks());

describeWithPostgres('Readiness on PostgreSQL', () => {
  it('fails while the store accepts no writes, recovers with it, and logs each change once', async () => {
    const schema = await newSchema();
    const role = `${schema.name}_user`;
    const admin = new Client({ connectionString: schema.url });
    await admin.connect();
    await admin.query(`create role ${role} login`);
    await admin.query(`grant all on schema ${schema.name} to ${role}`);
    const url = new URL(schema.url);
    url.username = role;
    const database = url.href.replaceAll('+', '%20');
    const connections = await Connections.open(new StorageOptions({ database, timeout: 10_000 }));
    const readiness = new Readiness(connections.backends, new SystemClock());
    const [warned, logged] = [jest.spyOn(Logger.prototype, 'warn'), jest.spyOn(Logger.prototype, 'log')];
    const warnings = () => warned.mock.calls.filter(([text]) => String(text).startsWith('Not ready'));
    try {
      await readiness.check();
      await admin.query(`revoke insert, update on ${schema.name}.coatcheck_tallies from ${role}`);
      for (let probe = 0; probe < 2; probe += 1) {
        await delay(EXPIRED);
        await expect(readiness.check()).rejects.toBeInstanceOf(StoreUnavailableError);
      }
      expect(warnings()).toEqual([['Not ready: permission denied for table coatcheck_tallies']]);
      await admin.query(`grant insert, update on ${schema.name}.coatcheck_tallies to ${role}`);
      await delay(EXPIRED);
      await readiness.check();
      expect(logged.mock.calls.filter(([text]) => text === 'Ready again.')).toHaveLength(1);
    } finally {
      await connections.onApplicationShutdown();
      await admin.query(`drop owned by ${role} cascade`);
      await admin.query(`drop role ${role}`);
      await admin.end();
      await schema.drop();
    }
  });
});

describe('Readiness', () => {
  it('writes once for all requests of a second', async () => {
    const connections = await Connections.open(new StorageOptions({ database: newUrl(), timeout: 10_000 }));
    const forget = jest.spyOn(connections.tallies, 'forget');
    const readiness = new Readiness(connections.backends, new SystemClock());
    await Promise.all(Array.from({ length: 100 }, () => readiness.check()));
    expect(forget).toHaveBeenCalledTimes(1);
    await delay(EXPIRED);
    await readiness.check();
    expect(forget).toHaveBeenCalledTimes(2);
    await connections.onApplicationShutdown();
  });
});

describeWithEngine.redis('A start with sessions on a replica of Redis', () => {
  it('fails with the reason and the name of the option', async () => {
    const primary = await RedisServer.start();
    const replica = await RedisServer.start({ extra: ['--replicaof', '127.0.0.1', `${primary.port}`] });
    const opened = Connections.open(new StorageOptions({ database: newUrl(), sessions: replica.url }));
    await expect(opened).rejects.toMatchObject({
      option: 'sessions',
      message: expect.stringMatching(/^Cannot (open|write to) redis:.*replica/i),
    });
    await Promise.all([primary.close(), replica.close()]);
  });
});
