import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, Visitor } from './support/app.js';
import { Server, newFolder, makeDatabase, operate } from './support/server.js';

const run = promisify(execFile);
const EMAIL = 'ann@example.com';

describe('A server of several processes', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop('SIGKILL')));
  });

  async function start(variables: Readonly<Record<string, string>> = {}): Promise<Server> {
    const folder = newFolder();
    await makeDatabase(folder);
    await operate(folder, ['user', 'create', '--email', EMAIL, '--password-stdin'], { input: PASSWORD });
    const server = await Server.start(folder, { WORKERS: '2', STORE_TIMEOUT: '5s', ...variables });
    servers.push(server);
    return server;
  }

  /** A visitor who comes by a new connection each time, and so meets one process after the other. */
  const visitor = (server: Server) => new Visitor(`${server.url}/api/v1`, { connection: 'close' });

  async function workersOf(server: { readonly pid?: number }): Promise<number[]> {
    const { stdout } = await run('pgrep', ['-P', String(server.pid)]);
    return stdout.trim().split('\n').map(Number);
  }

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    for (let round = 0; round < 600; round += 1) {
      if (await isSo()) return;
      await delay(50);
    }
    throw new Error('It did not come to that.');
  }

  it('says once where it listens, and on how many', async () => {
    const server = await start({
      NODE_ENV: 'production',
      MFA: 'off',
      API_HOST: '127.0.0.1',
      PASSWORD_HASH_COST: '10',
    });
    expect(server.output().match(/is ready at .*, 2 workers\)/g)).toHaveLength(1);
    expect(await workersOf(server)).toHaveLength(2);
  });

  it('knows in each process who signed in at another, and refuses at once who signed out', async () => {
    const server = await start();
    for (let round = 0; round < 10; round += 1) {
      const ann = visitor(server);
      await ann.login(EMAIL);
      const token = { cookie: ann.cookie! };
      for (let use = 0; use < 4; use += 1) expect((await ann.get('/users/me')).status).toBe(200);
      expect((await ann.delete('/auth_session/logout')).status).toBe(200);
      for (let use = 0; use < 4; use += 1)
        expect((await visitor(server).send('GET', '/users/me', undefined, token)).status).toBe(401);
    }
  });

  it('takes one setup code, whichever process is asked', async () => {
    const server = await Server.start(newFolder(), {
      WORKERS: '2',
      NODE_ENV: 'production',
      MFA: 'off',
      API_HOST: '127.0.0.1',
      PASSWORD_HASH_COST: '10',
    });
    servers.push(server);
    const [, code = ''] = /"setup_code":"([^"]+)"/.exec(server.output()) ?? [];
    const guess = (setup_code: string) =>
      visitor(server).post('/users', { email: EMAIL, password: PASSWORD, setup_code });
    for (let round = 0; round < 4; round += 1)
      expect((await guess(`${code}x`)).body.code).toBe('setup_code_required');
    const founded = await Promise.all(Array.from({ length: 4 }, () => guess(code)));
    expect(founded.map(({ status }) => status).filter((status) => status === 201)).toHaveLength(1);
  });

  it('replaces a process that dies, and serves on', async () => {
    const server = await start();
    const [victim, survivor] = await workersOf(server);
    process.kill(victim!, 'SIGKILL');
    await until(
      async () => (await workersOf(server)).length === 2 && !(await workersOf(server)).includes(victim!),
    );
    expect(await workersOf(server)).toContain(survivor);
    await until(async () =>
      server.output().includes(`Worker ${victim} ended with SIGKILL. A new worker starts in 100 ms.`),
    );
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await visitor(server).get('/status')).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it('waits longer and longer with processes that die again and again', async () => {
    const server = await start();
    const waits = [100, 200];
    for (const [index, victim] of (await workersOf(server)).entries()) {
      const wait = waits[index];
      process.kill(victim, 'SIGKILL');
      await until(async () =>
        server.output().includes(`ended with SIGKILL. A new worker starts in ${wait} ms.`),
      );
      await until(async () => (await workersOf(server)).length === 2);
    }
  });

  it.each(['start', 'replacement'] as const)(
    'kills and replaces a process that is not ready in time (%s)',
    async (when) => {
      const folder = newFolder();
      const notes = { hung: join(folder, 'hung'), ready: join(folder, 'ready') };
      const script = join(folder, 'supervisor.mjs');
      writeFileSync(
        script,
        `import cluster from 'node:cluster';
         import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
         import { Workers } from ${JSON.stringify(pathToFileURL(resolve('dist/lib/server/workers.js')).href)};
         const { hung, ready } = ${JSON.stringify(notes)};
         if (cluster.isPrimary) {
           const logger = { warn: (line) => console.log(line), error: console.error };
           const workers = new Workers(2, {}, logger, { start: 3000, replacement: 3000 });
           console.log('ready:', await workers.start());
           process.on('SIGTERM', () => workers.stop().then(() => process.exit()));
         } else if (!existsSync(hung) && (${when === 'start'} || existsSync(ready))) {
           writeFileSync(hung, String(process.pid));
           setInterval(() => {}, 1000);
           process.on('SIGTERM', () => {});
         } else {
           process.on('SIGTERM', () => process.exit(0));
           process.send({ ready: 'up' });
         }`,
      );
      const supervisor = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      supervisor.stdout.on('data', (chunk: Buffer) => (output += chunk));
      const children = () => workersOf(supervisor);
      await until(async () => output.includes('ready: up'));
      if (when === 'replacement') {
        writeFileSync(notes.ready, '');
        process.kill((await children())[0]!, 'SIGKILL');
      }
      await until(async () => output.includes('A new worker replaces it'));
      const late = Number(readFileSync(notes.hung, 'utf8'));
      expect(output).toContain(`Worker ${late} was not ready within 3000 ms. A new worker replaces it.`);
      await until(async () => !isAlive(late) && (await children()).length === 2);
      const ended = once(supervisor, 'exit');
      supervisor.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    },
  );

  it('replaces its processes one by one on SIGHUP, and no request is lost', async () => {
    const server = await start();
    const before = await workersOf(server);
    const ann = new Visitor(`${server.url}/api/v1`, {});
    await ann.login(EMAIL);
    const statuses: number[] = [];
    const restart = new AbortController();
    const clients = Array.from({ length: 4 }, async () => {
      while (!restart.signal.aborted) statuses.push((await ann.get('/users/me')).status);
    });
    process.kill(server.pid!, 'SIGHUP');
    await until(async () => {
      const now = await workersOf(server);
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    });
    await delay(200);
    restart.abort();
    await Promise.all(clients);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(statuses.length).toBeGreaterThan(100);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('stops as a whole on %s', async (signal) => {
    const server = await start();
    const workers = await workersOf(server);
    expect(await server.stop(signal)).toBe(0);
    for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow();
    expect(server.output()).not.toContain('A new worker starts');
  });

  it('ends with its first process, when that is killed', async () => {
    const server = await start();
    const workers = await workersOf(server);
    await server.stop('SIGKILL');
    await until(async () => workers.every((pid) => !isAlive(pid)));
  });

  it('does not start with a store that its processes would not share', async () => {
    const variables = { AUTH_TYPE: 'session_exp_auth', WORKERS: '2' };
    await expect(Server.start(newFolder(), variables)).rejects.toThrow(
      /ended with 1[^]*WORKERS: more than one worker needs shared stores/,
    );
  });

  it('does not start where its processes cannot', async () => {
    const variables = { WORKERS: '2', DATABASE_URL: 'sqlite:/nowhere/at/all.db' };
    await expect(Server.start(newFolder(), variables)).rejects.toThrow(
      /ended with 1[^]*The workers could not start/,
    );
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
