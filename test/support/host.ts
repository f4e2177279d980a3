import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { HostOptions } from '../consumer/host/src/options.js';
import { newFolder } from './server.js';

const run = promisify(execFile);

/** Packages the project as it would be published, and installs it in a copy of the application in `test/consumer/host`. */
export async function installHost(): Promise<string> {
  const folder = join(newFolder(), 'host');
  cpSync(resolve('test/consumer/host'), folder, {
    recursive: true,
    filter: (path) => !/\/(node_modules|build)$/.test(path),
  });
  const npm = (args: readonly string[], cwd: string) =>
    run('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], { cwd });
  await npm(['pack', '--pack-destination', folder], resolve('.'));
  await npm(['ci'], folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  await npm(['install', '--no-save', '--no-package-lock', `./${tarball}`], folder);
  await run('node_modules/.bin/tsc', ['-p', '.'], { cwd: folder });
  return folder;
}

/** The application in a process of its own, on a free port of 127.0.0.1, with or without Coatcheck. */
export class Host {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(folder: string, options: HostOptions, withCoatcheck: boolean): Promise<Host> {
    const { PATH = '' } = process.env;
    const args = [...(withCoatcheck ? ['--conditions=coatcheck'] : []), 'build/main.js'];
    const env = { PATH, HOST_OPTIONS: JSON.stringify(options) };
    const child = spawn(process.execPath, args, { cwd: folder, env });
    let output = '';
    const url = await new Promise<string>((ready, failed) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          output += chunk;
          const [, address] = /ready at (\S+)\n/.exec(output) ?? [];
          if (address !== undefined) ready(address);
        });
      child.once('exit', (code) => failed(new Error(`The host ended with ${code}:\n${output}`)));
    });
    return new Host(url, child);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** The bytes of the answer to one request, after which the server closes the connection. */
export async function exchange(url: string, request: Buffer): Promise<Buffer> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.write(request);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    // A stream of events keeps the connection open, whatever the request asks for.
    if (isWholeStream(Buffer.concat(chunks).toString('latin1'))) break;
  }
  return Buffer.concat(chunks);
}

/** An answer taken apart; a chunked body is put together, since where it is cut depends on the moment. */
export interface HostAnswer {
  readonly status: number;
  /** Line by line, in the order and spelling in which they came. */
  readonly head: readonly string[];
  readonly body: string;
}

export function parseAnswer(bytes: Buffer): HostAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const [line = '', ...head] = bytes.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n');
  const rest = bytes.subarray(end + 4);
  const isChunked = head.includes('Transfer-Encoding: chunked');
  const body = isChunked ? joined(rest) : rest;
  return { status: Number(line.split(' ')[1]), head: [line, ...head], body: body.toString('latin1') };
}

export function headerOf({ head }: HostAnswer, name: string): string | null {
  const start = `${name.toLowerCase()}: `;
  return head.find((line) => line.toLowerCase().startsWith(start))?.slice(start.length) ?? null;
}

const isWholeStream = (answer: string): boolean =>
  answer.includes('\r\nConnection: keep-alive\r\n') && answer.endsWith('\r\n0\r\n\r\n');

function joined(chunks: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < chunks.length;) {
    const end = chunks.indexOf('\r\n', at);
    const size = parseInt(chunks.subarray(at, end).toString('latin1'), 16);
    parts.push(chunks.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}

/**
 * An answer as two runs of one program have it in common. These differ by themselves: the `Date`, the seconds that the
 * throttler counts down, and the time in the body of Nest's documented filter, by which its `ETag` differs as well.
 */
export function comparable({ status, head, body }: HostAnswer): string {
  const plain = body.replace(/"timestamp":"[\d-]+T[\d:.]+Z"/, '"timestamp":""');
  // An error without a body answers HEAD, and its ETag is that of the body that GET would have.
  const isTimed = plain !== body || (status >= 400 && body === '');
  const lines = head
    .filter((line) => !isTimed || !line.startsWith('ETag: '))
    .map((line) => line.replace(/^(Date: |X-RateLimit-Reset: |Retry-After: ).*/, '$1'));
  return `${lines.join('\n')}\n\n${plain}`;
}
