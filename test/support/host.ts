import { type ChildProcess, type ExecFileException, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { HostOptions } from '../consumer/host/src/options.js';
import { oncePerRun } from './once.js';
import { newFolder } from './server.js';

const run = promisify(execFile);

export const QUIETLY = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];

/** The tarball that the suites of a run have in common. */
export async function packedLibrary(): Promise<string> {
  return tarballIn(await oncePerRun('packed-library', packLibrary));
}

/** Packs the library as it would be published. Returns the path of the tarball. */
export async function packLibrary(folder = newFolder()): Promise<string> {
  const library = join(folder, 'package');
  await run(process.execPath, ['scripts/package.js', library]);
  const packed = await npm(folder, ['pack', library, '--json']);
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  renameSync(join(folder, filename), tarballIn(folder));
  return tarballIn(folder);
}

const tarballIn = (folder: string) => join(folder, 'coatcheck.tgz');

/** Installs the packed library in a copy of the application in `test/consumer/host`. */
export async function installHost(): Promise<string> {
  const folder = await installConsumer('host');
  await run('node_modules/.bin/tsc', ['-p', '.'], { cwd: folder });
  return folder;
}

/** The same for any application in `test/consumer`, which is not compiled. */
export async function installConsumer(name: string): Promise<string> {
  return installApplication(resolve('test/consumer', name), await packedLibrary());
}

/** Installs the packed library in a copy of an application, which is not compiled. */
export async function installApplication(source: string, tarball: string): Promise<string> {
  const folder = join(newFolder(), basename(source));
  cpSync(source, folder, {
    recursive: true,
    filter: (path) => !/\/(node_modules|build|generated)$/.test(path),
  });
  await npm(folder, [existsSync(join(folder, 'package-lock.json')) ? 'ci' : 'install', ...QUIETLY]);
  await npm(folder, ['install', '--no-save', ...QUIETLY, tarball]);
  return folder;
}

/**
 * Installs a copy of an application in `test/consumer/matrix`, or another folder with sources in common, which has the library
 * among its packages.
 */
export async function installFromMatrix(
  name: string,
  tarball: string,
  args: readonly string[] = [],
  matrix = 'matrix',
): Promise<string> {
  const folder = join(newFolder(), name);
  for (const part of ['shared', name])
    cpSync(resolve('test/consumer', matrix, part), folder, { recursive: true });
  cpSync(tarball, join(folder, 'coatcheck.tgz'));
  await npm(folder, ['install', ...QUIETLY, ...args]);
  return folder;
}

/** Applications in `test/consumer`, each of which there is for several Nests. */
const TRANSPORTS = ['sockets', 'microservices', 'graphql'] as const;

/** Copies an application of a transport. Those of one Nest have their packages in common, which are installed once in a run. */
export async function installTransport(
  transport: (typeof TRANSPORTS)[number],
  nest: string,
): Promise<string> {
  const installed = await oncePerRun(`transports-${nest}`, (common) => installTransports(common, nest));
  const folder = join(newFolder(), nest);
  for (const part of ['shared', nest])
    cpSync(resolve('test/consumer', transport, part), folder, { recursive: true });
  symlinkSync(join(installed, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function installTransports(folder: string, nest: string): Promise<void> {
  const manifests = TRANSPORTS.map((transport) =>
    readFileSync(resolve('test/consumer', transport, nest, 'package.json'), 'utf8'),
  ).map((text) => JSON.parse(text) as Readonly<Record<string, object>>);
  const all = ['dependencies', 'devDependencies', 'overrides'].map((kind) => [
    kind,
    Object.assign({}, ...manifests.map((manifest) => manifest[kind])) as object,
  ]);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(Object.fromEntries(all)));
  cpSync(await packedLibrary(), join(folder, 'coatcheck.tgz'));
  await npm(folder, ['install', ...QUIETLY]);
  // Scripts of packages do not run, so the native part is that of the tests.
  const built = 'node_modules/better-sqlite3/build';
  cpSync(built, join(folder, built), { recursive: true });
}

/** Runs npm in a folder, and returns what it prints. Throws with all of its output if it fails. */
export async function npm(
  folder: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    return (await run('npm', args, { cwd: folder, env: { ...process.env, ...variables } })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as ExecFileException;
    throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** The application in a process of its own, on a free port of 127.0.0.1, with or without Coatcheck. */
export class Host {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static start(folder: string, options: HostOptions, withCoatcheck: boolean): Promise<Host> {
    const args = [...(withCoatcheck ? ['--conditions=coatcheck'] : []), 'build/main.js'];
    return Host.run(folder, args, { HOST_OPTIONS: JSON.stringify(options) });
  }

  /** Runs a program that prints `ready at` and its URL. */
  static async run(
    folder: string,
    args: readonly string[],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<Host> {
    const { PATH = '' } = process.env;
    const env = { PATH, ...variables };
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
  const lines = head.filter((line) => !isTimed || !line.startsWith('ETag: '));
  // After a `100 Continue`, the head of the answer itself is in the body.
  return `${lines.join('\n')}\n\n${plain}`.replace(/^(Date: |X-RateLimit-Reset: |Retry-After: ).*/gim, '$1');
}
