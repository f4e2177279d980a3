import { type ExecFileException, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { tell, until } from './support/processes.js';
import { newFolder } from './support/server.js';

/** npm installs packages. */
jest.setTimeout(300_000);

const run = promisify(execFile);

/** Native addons, which npm compiles for minutes; those of this checkout serve as well. */
const ADDONS = ['bcrypt', 'better-sqlite3'];

/** Every file that a clone would have. */
const files = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'])
  .toString()
  .split('\0')
  .filter((file) => file !== '');

describe('An installation', () => {
  const groups: number[] = [];
  const { PATH = '', HOME = '' } = process.env;

  afterEach(() => {
    for (const pid of groups.splice(0)) tell(-pid, 'SIGKILL');
  });

  /** A folder like a fresh clone. */
  function clone(): string {
    const folder = newFolder();
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(file, join(folder, file));
    }
    return folder;
  }

  async function npm(folder: string, args: readonly string[], variables = {}) {
    const env = { PATH, HOME, ...registry(), ...variables };
    return run('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder, env }).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      ({ code, stdout, stderr }: ExecFileException) => ({ code, output: `${stdout}${stderr}` }),
    );
  }

  /** As npm installs, in two steps: the packages, and what the project itself does then. */
  async function install(folder: string, args: readonly string[], variables = {}): Promise<void> {
    expect(await npm(folder, ['ci', '--ignore-scripts', ...args], variables)).toMatchObject({ code: 0 });
    for (const addon of ADDONS)
      cpSync(join('node_modules', addon), join(folder, 'node_modules', addon), { recursive: true });
    expect(await npm(folder, ['run', 'prepare'], variables)).toMatchObject({ code: 0 });
  }

  /** `npm start`, until it serves, and its end by SIGTERM to npm alone. */
  async function startAndStop(folder: string, variables = {}): Promise<void> {
    const env = { PATH, HOME, API_HOST: '127.0.0.1', API_PORT: '0', PASSWORD_HASH_COST: '10', ...variables };
    const child = spawn('npm', ['start'], { cwd: folder, env, detached: true });
    groups.push(child.pid!);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk));
    const ended = once(child, 'close') as Promise<[number]>;
    await Promise.race([ended, until(() => output.includes('is ready'))]);
    const [, url] = /ready at (\S+)/.exec(output) ?? [];
    expect(output).toContain('is ready');
    child.kill('SIGTERM');
    const [code] = await ended;
    expect({ code, output }).toEqual({ code: 0, output: expect.not.stringMatching(/npm (error|ERR)/) });
    await expect(fetch(`${url}/api/v1/status`)).rejects.toThrow();
  }

  describe('without development and optional packages', () => {
    let folder: string;

    beforeAll(async () => {
      folder = clone();
      await install(folder, ['--omit=optional'], { NODE_ENV: 'production', MFA: 'off' });
    });

    it('says in one sentence that there is no build', async () => {
      const { code, output } = await npm(folder, ['start']);
      expect(code).toBe(1);
      expect(output).toContain('There is no complete build in dist');
      expect(output).not.toMatch(/^\s+at /m);
    });

    it('starts a build from elsewhere', async () => {
      cpSync('dist', join(folder, 'dist'), { recursive: true });
      await startAndStop(folder, { NODE_ENV: 'production', MFA: 'off' });
    });
  });

  it('with all packages builds once, starts, and starts after development packages are removed', async () => {
    const folder = clone();
    await install(folder, []);
    const { mtimeMs } = statSync(join(folder, 'dist/main.js'));
    await startAndStop(folder);
    expect(await npm(folder, ['prune', '--omit=dev', '--omit=optional', '--ignore-scripts'])).toMatchObject({
      code: 0,
    });
    await startAndStop(folder);
    expect(statSync(join(folder, 'dist/main.js')).mtimeMs).toBe(mtimeMs);
  });
});

/** Where this machine has npm get its packages. */
function registry(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) =>
    /^npm_config_(registry|cache|userconfig)$/i.test(name),
  );
  return Object.fromEntries(own) as Record<string, string>;
}
