import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PASSWORD } from './support/app.js';
import { freePort } from './support/engines.js';
import { MAIN, childrenOf, isAlive, lead as leadOne, tell, until } from './support/processes.js';
import { Server, newFolder } from './support/server.js';

describe('A server that is told to end', () => {
  const pids: number[] = [];

  afterEach(() => {
    for (const pid of pids.splice(0)) tell(pid, 'SIGKILL');
  });

  async function start(variables: Readonly<Record<string, string>> = {}): Promise<Server> {
    const server = await Server.start(newFolder(), variables);
    pids.push(server.pid!);
    return server;
  }

  function lead(variables: Readonly<Record<string, string>>) {
    const server = leadOne(variables);
    pids.push(-server.pid);
    return server;
  }

  /** A sign-in that takes a while to refuse. */
  const slowLogin = (url: string) =>
    fetch(`${url}/api/v1/auth_session/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'nobody@example.com', password: PASSWORD }),
    }).then(({ status }) => status);

  it('finishes on SIGHUP what it has begun and ends with 0', async () => {
    const server = await start({ PASSWORD_HASH_COST: '12' });
    const login = slowLogin(server.url);
    await delay(100);
    expect(await server.stop('SIGHUP')).toBe(0);
    expect(await login).toBe(401);
  });

  it('ends once, whatever signals follow', async () => {
    const server = await start({ PASSWORD_HASH_COST: '13' });
    const login = slowLogin(server.url);
    await delay(100);
    const ended = server.stop('SIGINT');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTERM'] as const) server.signal(signal);
    expect(await ended).toBe(0);
    expect(await login).toBe(401);
  });

  it.each([
    [{}, 'SIGTERM'],
    [{ WORKERS: '2' }, 'SIGTERM'],
    [{ WORKERS: '2' }, 'SIGINT'],
  ] as const)('ends in order while it is starting (%j, %s)', async (variables, signal) => {
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const asked = once(mute, 'connection');
    const { pid, output, ended } = lead({ ...variables, DATABASE_URL: `postgres://ann@127.0.0.1:${port}/x` });
    const [socket] = (await asked) as [Socket];
    tell(pid, signal);
    expect(await ended).toEqual([0, null]);
    expect(output()).toBe('');
    socket.destroy();
    mute.close();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends all its processes once when %s goes to the group',
    async (signal) => {
      const server = lead({ WORKERS: '2', PASSWORD_HASH_COST: '13' });
      const url = await server.url();
      const logins = [slowLogin(url), slowLogin(url)];
      await delay(200);
      tell(-server.pid, signal);
      tell(-server.pid, signal);
      expect(await server.ended).toEqual([0, null]);
      expect(await Promise.all(logins)).toEqual([401, 401]);
      expect(server.output()).not.toMatch(/Worker|Restart/);
    },
  );

  it('replaces its workers when SIGHUP goes to the group and there is no terminal', async () => {
    const server = lead({ WORKERS: '2' });
    const url = await server.url();
    const before = await childrenOf(server.pid);
    tell(-server.pid, 'SIGHUP');
    await until(async () => {
      const now = await childrenOf(server.pid);
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    });
    expect((await fetch(`${url}/api/v1/status`)).status).toBe(200);
    expect(server.output()).not.toContain('ended with');
    tell(server.pid, 'SIGTERM');
    expect(await server.ended).toEqual([0, null]);
  });

  it('ends all its processes when its terminal is closed', async () => {
    const port = await freePort();
    const folder = newFolder();
    const env = { PATH: process.env.PATH!, SHELL: '/bin/sh', API_PORT: String(port), WORKERS: '2' };
    const command = `exec '${process.execPath}' '${MAIN}' 2> '${join(folder, 'errors')}'`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, env });
    terminal.stdout.resume();
    pids.push(terminal.pid!);
    const isServed = () =>
      fetch(`http://127.0.0.1:${port}/api/v1/status`).then(
        () => true,
        () => false,
      );
    await until(isServed);
    const [server] = await childrenOf(terminal.pid!);
    const all = [server!, ...(await childrenOf(server!))];
    expect(all).toHaveLength(3);
    tell(terminal.pid!, 'SIGKILL');
    await until(() => all.every((pid) => !isAlive(pid)));
    expect(await isServed()).toBe(false);
  });

  it('finishes requests in its workers when their supervisor is killed', async () => {
    const server = lead({ WORKERS: '2', PASSWORD_HASH_COST: '13' });
    const url = await server.url();
    const workers = await childrenOf(server.pid);
    const logins = [slowLogin(url), slowLogin(url)];
    await delay(200);
    tell(server.pid, 'SIGKILL');
    expect(await Promise.all(logins)).toEqual([401, 401]);
    await until(() => workers.every((pid) => !isAlive(pid)));
    await expect(fetch(`${url}/api/v1/status`)).rejects.toThrow();
  });
});
