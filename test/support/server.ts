import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

import { NAMES } from '../../src/server/config/environment.js';

/** Those of a process; undefined for one that it does not have. */
type Variables = Readonly<Record<string, string | undefined>>;

const DIST = resolve('dist');
const READY = /ready at (http:\/\/\S+)/;

const { TEST_HTTP_ADAPTER } = process.env;

/** The variable for the HTTP adapter that the tests run on, if it is not the usual one. */
export const ADAPTER: Readonly<Record<string, string>> = TEST_HTTP_ADAPTER
  ? { HTTP_ADAPTER: TEST_HTTP_ADAPTER }
  : {};

/** The variables that a test's process starts from: none of ours but the adapter, whatever the machine has set. */
const BARE = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => name !== 'NODE_OPTIONS' && !NAMES.some((ours) => name.startsWith(ours)),
    ),
  ),
  ...ADAPTER,
  MAIL_URL: 'off',
};

/** A new empty folder, where a server keeps its files. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'coatcheck-'));
}

/** `node dist/main.js` as a process of its own, on a free port of 127.0.0.1. */
export class Server {
  private constructor(
    readonly url: string,
    readonly output: () => string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts a server. An abort kills it, also before it is ready. */
  static async start(folder: string, variables: Variables = {}, abort?: AbortSignal): Promise<Server> {
    const env = { ...BARE, API_PORT: '0', PASSWORD_HASH_COST: '4', ...variables };
    const child = spawn(process.execPath, [join(DIST, 'main.js')], { cwd: folder, env });
    abort?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
    let output = '';
    const url = await new Promise<string>((ready, failed) => {
      const read = (chunk: Buffer) => {
        output += chunk;
        const [, address] = READY.exec(output) ?? [];
        if (address !== undefined) ready(address);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code) => failed(new Error(`The server ended with ${code}:\n${output}`)));
    });
    return new Server(url, () => output, child);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Sends a signal; false if the server has ended. */
  signal(signal: NodeJS.Signals): boolean {
    return this.child.exitCode === null && this.child.kill(signal);
  }

  /** Sends a signal and waits for the end; the exit code, or null where the signal itself ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }
}

/** How a start ended: the exit code, null for one that had to be ended, all that it said, and after how long. */
export interface Refusal {
  readonly code: number | null;
  readonly output: string;
  readonly ms: number;
}

/** The end of a server that does not start; one that does is ended when it is ready, or when it takes ten seconds. */
export async function refusal(folder: string, variables: Variables): Promise<Refusal> {
  const begin = performance.now();
  const env = { ...BARE, API_PORT: '0', ...variables };
  const child = spawn(process.execPath, [join(DIST, 'main.js')], { cwd: folder, env });
  const overdue = setTimeout(() => child.kill('SIGKILL'), 10_000);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
      if (READY.test(output)) child.kill('SIGKILL');
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(overdue);
  return { code, output, ms: performance.now() - begin };
}

/** Makes the tables that the commands of an operator need; a server makes them, too. */
export async function makeDatabase(folder: string, variables: Variables = {}): Promise<void> {
  const { code, stderr } = await operate(folder, ['migrate'], { variables });
  if (code !== 0) throw new Error(stderr);
}

/** `node dist/cli.js` with arguments and standard input, to its end. */
export async function operate(
  folder: string,
  args: readonly string[],
  { input = '', variables = {} }: { readonly input?: string | Buffer; readonly variables?: Variables } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...BARE, PASSWORD_HASH_COST: '4', ...variables };
  const child = spawn(process.execPath, [join(DIST, 'cli.js'), ...args], { cwd: folder, env });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}
