import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import { describeWithPostgres, newSchema } from './support/services.js';
import { MailServer } from './support/mail-server.js';
import { Server, newFolder } from './support/server.js';

const PASSWORD = 'a long password of mine';

/** How often the server is killed, and how many mails are asked for each time. */
const CRASHES = 6;
const MAILS = 5;

/** Milliseconds that a server has to send what waits. */
const PATIENCE = 60_000;

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

describeWithPostgres('Mails of a server that is killed again and again', () => {
  it('arrive all, and twice only with the same Message-ID, on SQLite and PostgreSQL', async () => {
    const { url, drop } = await newSchema();
    cleanups.push(drop);
    // A store is free for another process a minute after a crash.
    await Promise.all([`sqlite:${join(newFolder(), 'coatcheck.db')}`, url].map(crashOn));
  });
});

async function crashOn(url: string): Promise<void> {
  const mailServer = await MailServer.start();
  cleanups.push(() => mailServer.stop());
  const start = () =>
    Server.start(newFolder(), {
      DATABASE_URL: url,
      REGISTRATION: 'open',
      LOG_LEVEL: 'error',
      MAIL_URL: `smtp://127.0.0.1:${mailServer.port}`,
      MAIL_FROM: 'no-reply@example.com',
      PUBLIC_URL: 'http://localhost:3000',
      MAILS_PER_NETWORK: '10000',
    });
  const promised: string[] = [];
  for (let crash = 0; crash < CRASHES; crash += 1) {
    const server = await start();
    for (let mail = 0; mail < MAILS; mail += 1) {
      const email = `ann-${crash}-${mail}@example.com`;
      const { status } = await fetch(`${server.url}/api/v1/users`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password: PASSWORD }),
      });
      // The first user is the administrator, who gets an answer of its own.
      expect([201, 202]).toContain(status);
      promised.push(email);
    }
    await delay(randomInt(2500));
    await server.stop('SIGKILL');
  }
  const last = await start();
  cleanups.push(() => last.stop());
  const arrived = () => new Set(mailServer.received.flatMap(({ to }) => to));
  for (const end = performance.now() + PATIENCE; arrived().size < promised.length && performance.now() < end;)
    await delay(100);
  expect([...arrived()].toSorted()).toEqual(promised.toSorted());
  const ids = new Map<string, Set<string>>();
  for (const { to, source } of mailServer.received) {
    const id = /^Message-ID: (.+)$/im.exec(source)![1]!;
    ids.set(to[0]!, (ids.get(to[0]!) ?? new Set()).add(id));
  }
  expect([...ids.values()].filter(({ size }) => size > 1)).toEqual([]);
}
