import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Server, newFolder } from './support/server.js';

const PRELOAD = pathToFileURL(resolve('test/support/note-loaded.js')).href;
const DIST = resolve('dist');
const MEMORY = { DATABASE_URL: 'memory:', AUTH_TYPE: 'session_auth' };
const PRODUCTION = { NODE_ENV: 'production', MFA: 'off', API_HOST: '127.0.0.1', PASSWORD_HASH_COST: '10' };

/** What no server needs that is asked for JSON alone. */
const IDLE = [
  '@nestjs/swagger',
  'swagger-ui-dist',
  '@fastify/busboy',
  'multer',
  'libphonenumber-js',
  'commander',
  'cli-progress',
  'file-type',
  'prom-client',
  '@opentelemetry/api',
];
const { library } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  library: { readonly optionalPeers: readonly string[] };
};
const DRIVERS = ['better-sqlite3', 'kysely', 'pg', '@redis/client'];

/** Names the packages in paths of files, and in the comments that a bundle has where each file begins. */
function packagesIn(text: string): string[] {
  const names = [...text.matchAll(/\bnode_modules\/((?:@[\w.-]+\/)?[\w.-]+)/g)].map((match) => match[1]!);
  return [...new Set(names)].toSorted();
}

/** The packages that a server has loaded when it is stopped, inside its bundle and beside it. */
async function loadedBy(
  variables: Readonly<Record<string, string>>,
  use: (server: Server) => Promise<void> = async () => {},
): Promise<{ all: string[]; beside: string[] }> {
  const folder = newFolder();
  const list = join(folder, 'loaded.txt');
  const hook = { NODE_OPTIONS: `--import=${PRELOAD}`, LOADED_FILES: list };
  const server = await Server.start(folder, { ...variables, ...hook });
  await use(server);
  expect(await server.stop()).toBe(0);
  const files = readFileSync(list, 'utf8')
    .split('\n')
    .map((file) => (file.startsWith('file:') ? fileURLToPath(file) : file))
    .filter((file) => file.startsWith('/'));
  const ours = files.filter((file) => file.startsWith(DIST)).map((file) => readFileSync(file, 'utf8'));
  return { all: packagesIn([...files, ...ours].join('\n')), beside: packagesIn(files.join('\n')) };
}

const oneOf = (...names: string[]) => expect.stringMatching(`^(${names.join('|')})$`);

describe('A server that has started', () => {
  it('has loaded neither a driver nor what describes the API nor what forms and terminals need', async () => {
    const { all } = await loadedBy({ ...MEMORY, ...PRODUCTION, API_DOCS: 'on' });
    expect(all).toEqual(expect.arrayContaining(['@nestjs/core', 'bcrypt', 'express', 'pino']));
    expect(all).not.toContainEqual(oneOf(...IDLE, ...DRIVERS, 'pino-pretty'));
  });

  it('on SQLite has loaded no other driver', async () => {
    const { all, beside } = await loadedBy({});
    expect(all).toEqual(expect.arrayContaining(['better-sqlite3', 'kysely']));
    expect(all).not.toContainEqual(oneOf(...IDLE, 'pg', '@redis/client'));
    // What is in the bundle must not be loaded a second time: there is one of each of Nest's classes.
    expect(beside).toEqual([
      'bcrypt',
      'better-sqlite3',
      'bindings',
      'file-uri-to-path',
      'node-gyp-build',
      'reflect-metadata',
    ]);
  });

  it('on Fastify has loaded no Express', async () => {
    const { all } = await loadedBy({ ...MEMORY, HTTP_ADAPTER: 'fastify' });
    expect(all).toContain('fastify');
    expect(all).not.toContainEqual(oneOf('express', '@nestjs/platform-express', ...IDLE));
  });

  it('with a port for metrics has loaded what makes them, and nothing else', async () => {
    const { all } = await loadedBy({ ...MEMORY, METRICS_PORT: '0' });
    expect(all).toContain('prom-client');
    expect(all).not.toContainEqual(
      oneOf(...IDLE.filter((name) => !/^(prom-client|@opentelemetry.api)$/.test(name)), ...DRIVERS),
    );
  });

  it('loads what describes the API when it is asked for it', async () => {
    const { all } = await loadedBy(MEMORY, async ({ url }) => {
      for (const path of ['/docs', '/docs/swagger-ui.css', '/openapi.json'])
        expect((await fetch(url + path)).status).toBe(200);
    });
    expect(all).toEqual(expect.arrayContaining(['@nestjs/swagger', 'swagger-ui-dist']));
  });
});

describe('The library', () => {
  /** The files that an import of the package loads, and the packages among them. */
  async function importing(path: string): Promise<{ packages: string[]; own: string[] }> {
    const list = join(newFolder(), 'loaded.txt');
    const args = [`--import=${PRELOAD}`, '--input-type=module', '-e', `await import('${path}')`];
    await promisify(execFile)(process.execPath, args, { env: { ...process.env, LOADED_FILES: list } });
    const files = readFileSync(list, 'utf8');
    const own = [...files.matchAll(/\/dist\/lib\/(\S+)$/gm)].map((match) => match[1]!);
    return { packages: packagesIn(files), own };
  }

  it('loads no driver, no server, no test kit and no package that is optional', async () => {
    const { packages, own } = await importing('coatcheck');
    expect(packages).toEqual(expect.arrayContaining(['@nestjs/core', 'bcrypt']));
    expect(packages).not.toContainEqual(oneOf(...library.optionalPeers));
    expect(own).toContain('index.js');
    expect(own.filter((file) => /^(server|compat|testing|storage\/(sql|redis))/.test(file))).toEqual([]);
  });
});

describe('The bundle', () => {
  const chunks = readdirSync(DIST).filter((file) => file.endsWith('.js'));
  const bundle = chunks.map((file) => readFileSync(join(DIST, file), 'utf8')).join('\n');

  it('keeps the names of classes, and names no function anew whenever it is made', () => {
    for (const name of ['AuthGuard', 'SessionSweeper', 'CreateUserDto', 'InstanceLoader'])
      expect(bundle).toContain(
        `Object.defineProperty(this, "name", { value: "${name}", configurable: true })`,
      );
    expect(bundle.match(/^var __name = .*$/gm)).toEqual(['var __name = (target) => target;']);
  });
});
