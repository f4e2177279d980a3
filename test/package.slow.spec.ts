import { type ExecFileException, execFile } from 'node:child_process';
import { renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { installFromMatrix, npm, packedLibrary } from './support/host.js';

/** npm installs packages. */
jest.setTimeout(300_000);

const run = promisify(execFile);

/** Applications in `test/consumer/matrix`. They have their sources and tests in common. */
const APPLICATIONS = ['nest-11', 'nest-11-least', 'nest-12-esm', 'nest-12-commonjs'];

const ADAPTERS = ['express', 'fastify'];

const WORKS = { statuses: [201, 401, 200, 200, 200, 401], type: 'application/problem+json' };

const APP_NEEDS = 'An authenticator app as a second factor needs a package that is not installed';

const folders = new Map<string, Promise<string>>();

/** An application with the packed library, compiled. */
function built(name: string): Promise<string> {
  const folder = folders.get(name) ?? build(name);
  folders.set(name, folder);
  return folder;
}

async function build(name: string): Promise<string> {
  const folder = await installFromMatrix(name, await packedLibrary());
  await npm(folder, ['run', 'build']);
  return folder;
}

/** What `node` prints, on both streams. */
function start(folder: string, args: readonly string[], variables = {}): Promise<string> {
  const { PATH } = process.env;
  return run(process.execPath, args, { cwd: folder, env: { PATH, ...variables } }).then(
    ({ stdout, stderr }) => stdout + stderr,
    ({ stdout, stderr }: ExecFileException) => `${stdout}${stderr}`,
  );
}

describe.each(APPLICATIONS)('The packed library in %s', (name) => {
  let folder: string;

  beforeAll(async () => {
    folder = await built(name);
  });

  it.each(ADAPTERS)(
    'signs users in and out on %s, and is one class for `require` and `import`',
    async (ADAPTER) => {
      const output = await start(folder, ['build/src/main.js'], { ADAPTER });
      expect(JSON.parse(output)).toEqual({ ...WORKS, isSame: true });
    },
  );

  it('passes the tests of the application', async () => {
    await npm(folder, ['test']);
  });

  it('uses the Nest of the application', async () => {
    const list = await npm(folder, ['ls', '@nestjs/core', '--all', '--parseable']);
    expect(list.trim().split('\n')).toHaveLength(1);
  });
});

describe('The packed library', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await built('nest-11');
  });

  it('works from its CommonJS files, where Node does not require ES modules', async () => {
    const output = await start(folder, ['--no-experimental-require-module', 'build/src/main.js']);
    expect(JSON.parse(output)).toMatchObject(WORKS);
  });

  it.each([
    [{ STORE: 'sqlite:app.db' }, 'SQLite needs a package that is not installed', 'better-sqlite3 kysely'],
    [{ STORE: 'postgres://127.0.0.1/app' }, 'PostgreSQL needs a package that is not installed', 'pg kysely'],
    [{ SESSIONS: 'redis://127.0.0.1' }, 'Redis needs a package that is not installed', '@redis/client'],
    [
      { HASH: 'argon2id' },
      'Argon2 needs @node-rs/argon2 with its native code',
      '@node-rs/argon2 --include=optional',
    ],
    [{ FACTOR: 'app' }, APP_NEEDS, 'otpauth uqr'],
    [{ FACTOR: 'passkey' }, 'A passkey needs a package that is not installed', '@simplewebauthn/server'],
    [{ MAIL_URL: 'smtp://127.0.0.1' }, 'Sending mails needs a package that is not installed', 'nodemailer'],
  ])(
    'refuses to start with %j, and names the command that installs what is missing',
    async (variables, what, names) => {
      const output = await start(folder, ['build/src/main.js'], variables);
      expect(output).toBe(`${what}. Run: npm install ${names}\n`);
    },
  );

  it.each(['otpauth', 'uqr'])('refuses to start with %s alone for authenticator apps', async (name) => {
    const place = join(folder, 'node_modules', name);
    symlinkSync(resolve('node_modules', name), place);
    try {
      const output = await start(folder, ['build/src/main.js'], { FACTOR: 'app' });
      expect(output).toBe(`${APP_NEEDS}. Run: npm install otpauth uqr\n`);
    } finally {
      unlinkSync(place);
    }
  });

  it('names the command that installs what the course contract needs', async () => {
    expect(await start(folder, ['build/src/other-paths.js', 'alx'])).toBe(
      'The login form of the course contract needs a package that is not installed. Run: npm install @fastify/busboy\n',
    );
  });

  it.each(ADAPTERS)('needs %s alone to harden an application on it', async (adapter) => {
    const other = ADAPTERS.find((one) => one !== adapter)!;
    const all = [other, `@nestjs/platform-${other}`].map((name) => {
      const place = join(folder, 'node_modules', name);
      return [place, `${place}-away`] as const;
    });
    for (const [place, away] of all) renameSync(place, away);
    try {
      expect(await start(folder, ['build/src/other-paths.js', 'server', adapter])).toContain('[201,400,500]');
      expect(await start(folder, ['build/src/other-paths.js', 'server', other])).toBe(
        `The adapter '${other}' needs a package that is not installed. Run: npm install @nestjs/platform-${other}\n`,
      );
    } finally {
      for (const [place, away] of all) renameSync(away, place);
    }
  });

  it.each(ADAPTERS)('on %s names the command that installs what its description needs', async (adapter) => {
    const output = await start(folder, ['build/src/other-paths.js', 'server', adapter]);
    expect(output).toContain('[201,400,500]');
    expect(output).toContain(
      'The description of the API needs a package that is not installed. Run: npm install @nestjs/swagger\n',
    );
  });

  it('has no fault for publint, and types for every kind of module resolution for attw', async () => {
    await npm(await installFromMatrix('package-checks', await packedLibrary()), ['test']);
  });
});
