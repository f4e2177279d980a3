import { type ChildProcess, type StdioOptions, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { Agent, type IncomingMessage, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from './support/engines.js';
import { MAIN, isAlive } from './support/processes.js';
import { newFolder } from './support/server.js';

const DEVELOPMENT = {};
const PRODUCTION = { NODE_ENV: 'production', MFA: 'off', PASSWORD_HASH_COST: '10' };

describe('A server whose log cannot be written', () => {
  const children: ChildProcess[] = [];
  const descriptors: number[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
  });

  const opened = (path: string, flags: number) => {
    const descriptor = openSync(path, flags);
    descriptors.push(descriptor);
    return descriptor;
  };

  /** A pipe that nobody reads, filled to the last byte; `blocking` is for the server, as a shell would open it. */
  function fullPipe() {
    const path = join(newFolder(), 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const filler = opened(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      for (;;) writeSync(filler, '.'.repeat(1024));
    } catch {
      return { reader, blocking: opened(path, constants.O_WRONLY) };
    }
  }

  function closedPipe(): number {
    const path = join(newFolder(), 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = opened(path, constants.O_WRONLY);
    closeSync(reader);
    return writer;
  }

  /** Starts a server with these outputs, and waits until it answers. */
  async function start(
    stdio: StdioOptions,
    variables: Readonly<Record<string, string>>,
    command: readonly [string, ...string[]] = [process.execPath, MAIN],
  ) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/api/v1`;
    const { PATH = '' } = process.env;
    const env = { PATH, API_HOST: '127.0.0.1', API_PORT: String(port), ...variables };
    const [program, ...args] = command;
    const child = spawn(program, args, { cwd: newFolder(), env, stdio });
    children.push(child);
    while (child.exitCode === null && !(await fetch(`${url}/status`).catch(() => null))) await delay(50);
    return { child, url };
  }

  /** Requests that are each a line of the log. */
  async function statusesOf(url: string, count: number): Promise<Set<number | undefined>> {
    const agent = new Agent({ keepAlive: true });
    const statuses = new Set<number | undefined>();
    let left = count;
    const lane = async () => {
      while (left-- > 0) {
        const [response] = await once(get(`${url}/users/me`, { agent, timeout: 5000 }), 'response');
        statuses.add((response as IncomingMessage).resume().statusCode);
        await once(response as IncomingMessage, 'end');
      }
    };
    await Promise.all(Array.from({ length: 20 }, lane));
    agent.destroy();
    return statuses;
  }

  async function endOf(child: ChildProcess): Promise<{ code: number | null; ms: number }> {
    const begin = performance.now();
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    return { code, ms: performance.now() - begin };
  }

  it.each([
    ['on a full disk', DEVELOPMENT, () => opened('/dev/full', constants.O_WRONLY)],
    ['on a full disk', PRODUCTION, () => opened('/dev/full', constants.O_WRONLY)],
    ['in a full pipe', DEVELOPMENT, () => fullPipe().blocking],
    ['in a full pipe', PRODUCTION, () => fullPipe().blocking],
    ['in a full pipe, with workers', { ...PRODUCTION, WORKERS: '2' }, () => fullPipe().blocking],
    ['in a closed pipe', DEVELOPMENT, closedPipe],
    ['in a closed pipe', PRODUCTION, closedPipe],
  ])('%s answers and ends in order (%j)', async (_, variables, output) => {
    const descriptor = output();
    const { child, url } = await start(['ignore', descriptor, descriptor], variables);
    expect(await statusesOf(url, 40)).toEqual(new Set([401]));
    const { code, ms } = await endOf(child);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(5000);
  });

  it('in a socket that nobody reads answers and ends in order', async () => {
    const { child, url } = await start('pipe', PRODUCTION);
    expect(await statusesOf(url, 1000)).toEqual(new Set([401]));
    expect((await endOf(child)).code).toBe(0);
  });

  it('at the limit of the size of files answers, ends in order and tells what was lost', async () => {
    const log = join(newFolder(), 'log');
    const variables = { ...PRODUCTION, AUTH_TYPE: 'session_auth', DATABASE_URL: 'memory:' };
    const shell = `ulimit -f 1 && exec '${process.execPath}' '${MAIN}' > '${log}'`;
    const { child, url } = await start(['ignore', 'ignore', 'pipe'], variables, ['sh', '-c', shell]);
    let errors = '';
    child.stderr!.on('data', (chunk: Buffer) => (errors += chunk));
    expect(await statusesOf(url, 40)).toEqual(new Set([401]));
    expect((await endOf(child)).code).toBe(0);
    await delay(50);
    expect(errors).toMatch(/^\d+ log lines were lost\.$/m);
  });

  it('on a terminal that is stopped answers and ends in order', async () => {
    // `script` copies what is written to its terminal, and stops reading it when nobody takes the copy.
    const { blocking } = fullPipe();
    const command = `'${process.execPath}' '${MAIN}'`;
    const { child, url } = await start(['pipe', blocking, 'ignore'], { ...DEVELOPMENT, SHELL: '/bin/sh' }, [
      'script',
      '-qec',
      `exec ${command}`,
      '/dev/null',
    ]);
    expect(await statusesOf(url, 400)).toEqual(new Set([401]));
    const { stdout } = await promisify(execFile)('pgrep', ['-P', String(child.pid)]);
    const server = Number(stdout.trim());
    process.kill(server, 'SIGTERM');
    const begin = performance.now();
    while (isAlive(server) && performance.now() - begin < 9000) await delay(50);
    expect(isAlive(server)).toBe(false);
  });

  it('writes again when the reader does, and says how many lines were lost', async () => {
    const { reader, blocking } = fullPipe();
    const noise = `process.on('SIGUSR2', () => {
      for (let index = 0; index < 3000; index += 1) process.emitWarning('x'.repeat(10_000), 'Noise');
    });`;
    const { child, url } = await start(['ignore', blocking, 'ignore'], PRODUCTION, [
      process.execPath,
      '--import',
      `data:text/javascript,${encodeURIComponent(noise)}`,
      MAIN,
    ]);
    const before = residentMemory(child);
    child.kill('SIGUSR2');
    await delay(500);
    expect(await statusesOf(url, 20)).toEqual(new Set([401]));
    expect(residentMemory(child) - before).toBeLessThan(100 << 20);
    let text = '';
    const buffer = Buffer.alloc(1 << 16);
    const deadline = performance.now() + 30_000;
    while (!text.includes('log lines were lost') && performance.now() < deadline) {
      try {
        text += buffer.toString('utf8', 0, readSync(reader, buffer));
      } catch {
        await delay(5);
      }
    }
    expect(text).toContain('log lines were lost');
    const entries = text.match(/credentials_missing|Noise/g)!.length;
    const [, lost] = /"msg":"(\d+) log lines were lost\."/.exec(text)!;
    expect(entries + Number(lost)).toBe(3020);
    expect(text.length).toBeLessThan((1 << 20) + 100_000);
    expect((await endOf(child)).code).toBe(0);
  });

  it('does not start in order when there is something to say about that', async () => {
    const { blocking } = fullPipe();
    const env = { PATH: process.env.PATH!, AUTH_TYPE: 'bogus' };
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', blocking, blocking] });
    children.push(child);
    expect(await once(child, 'exit')).toEqual([1, null]);
  });

  it('logs an error that nobody caught, as its last line', async () => {
    const preload = `data:text/javascript,setTimeout(() => { throw new Error('Unforeseen') }, 1500)`;
    const child = spawn(process.execPath, ['--import', preload, MAIN], {
      cwd: newFolder(),
      env: { ...PRODUCTION, PATH: process.env.PATH!, API_HOST: '127.0.0.1', API_PORT: '0' },
    });
    children.push(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    expect(JSON.parse(output.trim().split('\n').at(-1)!)).toMatchObject({
      level: 60,
      err: { message: 'Unforeseen', stack: expect.stringContaining('at ') },
    });
  });
});

/** In bytes. */
function residentMemory({ pid }: ChildProcess): number {
  return 1024 * Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString());
}
