import { setTimeout as delay } from 'node:timers/promises';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import SqliteConnection from 'better-sqlite3';
import { Client } from 'pg';
import { Visitor } from './support/app.js';
import { freePort } from './support/engines.js';
import { MailServer } from './support/mail-server.js';
import { until } from './support/processes.js';
import { Server, newFolder } from './support/server.js';
import { describeWithPostgres, newSchema } from './support/services.js';

const SECONDS = 8;

const sendingTo = (port: number) => ({
  MAIL_URL: `smtp://127.0.0.1:${port}`,
  MAIL_FROM: 'Example <no-reply@example.com>',
  PUBLIC_URL: 'https://app.example.com',
});

const forget = (server: Server) =>
  new Visitor(`${server.url}/api/v1`, {}).post('/password/forgot', { email: 'nobody@example.com' });

describe('A server that sends mails and has none to send', () => {
  const folder = newFolder();

  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes nothing into SQLite', async () => {
    const mails = await MailServer.start();
    const server = await Server.start(folder, sendingTo(mails.port));
    const connection = new SqliteConnection(join(folder, 'coatcheck.db'), { readonly: true });
    const version = () => connection.pragma('data_version', { simple: true }) as number;
    const mailsThere = () =>
      (connection.prepare('select count(*) as n from coatcheck_outbox').get() as { n: number }).n;
    try {
      const start = version();
      expect((await forget(server)).status).toBe(202);
      expect(version()).toBeGreaterThan(start);
      await until(() => mailsThere() === 0);
      await delay(2_000);
      const before = version();
      await delay(SECONDS * 1000);
      expect(version()).toBe(before);
    } finally {
      connection.close();
      await server.stop();
      await mails.stop();
    }
  });
});

describeWithPostgres('A server that sends mails and has none to send, on PostgreSQL', () => {
  it.each(['1', '2'])('writes nothing, with %s workers', async (WORKERS) => {
    const { url, name, drop } = await newSchema();
    const port = await freePort();
    const mails = await MailServer.start({}, port);
    const client = new Client({ connectionString: url });
    await client.connect();
    const server = await Server.start(newFolder(), {
      ...sendingTo(port),
      DATABASE_URL: url,
      SESSION_STORE_URL: url,
      WORKERS,
    });
    /** Rows that were ever inserted, updated or deleted in the schema. */
    const writes = async () => {
      const { rows } = await client.query<{ n: string }>(
        'select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) as n from pg_stat_all_tables where schemaname = $1',
        [name],
      );
      return Number(rows[0]!.n);
    };
    const waiting = async () =>
      Number((await client.query<{ n: string }>('select count(*) as n from coatcheck_outbox')).rows[0]!.n);
    try {
      const start = await writes();
      expect((await forget(server)).status).toBe(202);
      await until(async () => (await waiting()) === 0);
      // PostgreSQL counts what an idle connection has written up to ten seconds later.
      await delay(15_000);
      const before = await writes();
      expect(before).toBeGreaterThan(start);
      await delay(15_000);
      expect(await writes()).toBe(before);
    } finally {
      await server.stop();
      await client.end();
      await mails.stop();
      await drop();
    }
  });
});
