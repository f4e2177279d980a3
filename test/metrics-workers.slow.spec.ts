import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, Visitor } from './support/app.js';
import { type Scrape, metricsUrlOf, scrape } from './support/scrape.js';
import { Server, makeDatabase, newFolder, operate } from './support/server.js';

const run = promisify(execFile);
const EMAIL = 'ann@example.com';
const STATUS = { route: '/api/v1/status', status: '200' };

describe('The metrics of a server of several processes', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop('SIGKILL')));
  });

  async function start(variables: Readonly<Record<string, string>> = {}): Promise<Server> {
    const folder = newFolder();
    await makeDatabase(folder);
    await operate(folder, ['user', 'create', '--email', EMAIL, '--password-stdin'], { input: PASSWORD });
    const server = await Server.start(folder, {
      WORKERS: '2',
      METRICS_PORT: '0',
      STORE_TIMEOUT: '5s',
      ...variables,
    });
    servers.push(server);
    return server;
  }

  /** Asks over a new connection each time, and so meets one process after the other. */
  async function ask(server: Server, times: number): Promise<void> {
    for (let round = 0; round < times; round += 1)
      await fetch(`${server.url}/api/v1/status`, { headers: { connection: 'close' } }).then((answer) =>
        answer.text(),
      );
    await delay(50);
  }

  async function workersOf(server: Server): Promise<number[]> {
    const { stdout } = await run('pgrep', ['-P', String(server.pid)]);
    return stdout.trim().split('\n').map(Number);
  }

  async function until(server: Server, isSo: (all: Scrape) => boolean): Promise<Scrape> {
    for (let round = 0; round < 300; round += 1) {
      const all = await scrape(metricsUrlOf(server)).catch(() => null);
      if (all && isSo(all)) return all;
      await delay(100);
    }
    throw new Error('It did not come to that.');
  }

  const requests = (all: Scrape) => all.sum('coatcheck_http_requests_total', STATUS) ?? 0;

  it.each(['express', 'fastify'])(
    'are sums over the workers, and once what is in a store (%s)',
    async (adapter) => {
      const server = await start({ HTTP_ADAPTER: adapter });
      await ask(server, 20);
      for (let round = 0; round < 4; round += 1)
        expect((await new Visitor(`${server.url}/api/v1`, { connection: 'close' }).login(EMAIL)).status).toBe(
          200,
        );
      await delay(50);
      const all = await scrape(metricsUrlOf(server));
      expect(requests(all)).toBe(20);
      expect(all.sum('coatcheck_sign_ins_total', { method: 'login' })).toBe(4);
      expect(all.sum('coatcheck_http_request_duration_seconds_count', { route: STATUS.route })).toBe(20);
      expect(all.sum('coatcheck_sessions_active')).toBe(4);
      expect(all.sum('coatcheck_store_readable')).toBe(3);
      expect(all.sum('coatcheck_workers', { state: 'answering' })).toBe(2);
      expect(all.sum('coatcheck_workers', { state: 'silent' })).toBe(0);
      expect(await server.stop()).toBe(0);
    },
  );

  it('do not decrease when a worker is killed, and count its replacement', async () => {
    const server = await start();
    await ask(server, 20);
    expect(requests(await scrape(metricsUrlOf(server)))).toBe(20);
    const [victim] = await workersOf(server);
    process.kill(victim!, 'SIGKILL');
    const during = await until(server, (all) => all.sum('coatcheck_workers', { state: 'answering' }) === 1);
    expect(requests(during)).toBe(20);
    await until(server, (all) => all.sum('coatcheck_workers', { state: 'answering' }) === 2);
    await ask(server, 10);
    expect(requests(await scrape(metricsUrlOf(server)))).toBe(30);
  });

  it('lose nothing when all workers are replaced, also without a scrape before', async () => {
    const server = await start();
    await ask(server, 20);
    const before = await workersOf(server);
    server.signal('SIGHUP');
    for (let round = 0; round < 300; round += 1) {
      const now = await workersOf(server);
      if (now.length === 2 && !now.some((pid) => before.includes(pid))) break;
      await delay(100);
    }
    expect(
      requests(await until(server, (all) => all.sum('coatcheck_workers', { state: 'answering' }) === 2)),
    ).toBe(20);
  });

  it('are there within seconds while a worker hangs, and a 503 while all do', async () => {
    const server = await start();
    await ask(server, 20);
    await scrape(metricsUrlOf(server));
    const [one, other] = await workersOf(server);
    process.kill(one!, 'SIGSTOP');
    const begin = performance.now();
    const all = await scrape(metricsUrlOf(server));
    expect(performance.now() - begin).toBeLessThan(5_000);
    expect(requests(all)).toBe(20);
    expect(all.sum('coatcheck_workers', { state: 'silent' })).toBe(1);
    // The other worker is asked for what is in the stores from now on.
    expect((await scrape(metricsUrlOf(server))).sum('coatcheck_sessions_active')).toBe(0);
    process.kill(other!, 'SIGSTOP');
    const asked = performance.now();
    expect((await fetch(metricsUrlOf(server))).status).toBe(503);
    expect(performance.now() - asked).toBeLessThan(5_000);
    for (const pid of [one!, other!]) process.kill(pid, 'SIGCONT');
    expect(
      requests(await until(server, (now) => now.sum('coatcheck_workers', { state: 'answering' }) === 2)),
    ).toBe(20);
  });
});
