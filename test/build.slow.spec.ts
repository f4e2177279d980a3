import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { isAlive, childrenOf, until } from './support/processes.js';
import { newFolder } from './support/server.js';

const SENTENCE = /^There is no complete build in dist.*npm ci && npm run build.*\n$/;
const ENTRIES = [
  'main.ts',
  'cli.ts',
  'users/passwords/hashing.worker.js',
  'users/passwords/common-passwords.worker.js',
  'storage/sql/sqlite-checkpoint.worker.js',
  'users/passwords/common-passwords.br',
];

/** The build script in a small tree of its own, with the compilers of this one. */
describe('The build', () => {
  let folder: string;

  beforeEach(() => {
    folder = newFolder();
    for (const file of ['scripts', 'pages', 'package.json', 'tsconfig.json', 'tsconfig.build.json'])
      cpSync(file, join(folder, file), { recursive: true });
    for (const file of ENTRIES) {
      mkdirSync(join(folder, 'src', dirname(file)), { recursive: true });
      writeFileSync(join(folder, 'src', file), `export const name = '${file}';\n`);
    }
    install();
  });

  const install = () => symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const prune = () => rmSync(join(folder, 'node_modules'));
  const start = (...args: string[]) =>
    spawn(process.execPath, ['scripts/build.js', ...args], { cwd: folder });
  const has = (file: string) => existsSync(join(folder, file));
  const builtAt = () => statSync(join(folder, 'dist/main.js')).mtimeMs;
  const edit = () => appendFileSync(join(folder, 'src/cli.ts'), 'export const more = 1;\n');

  async function endOf(child: ChildProcess) {
    const [output, errors, [code]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'close') as Promise<[number]>,
    ]);
    return { code, output: output + errors };
  }

  const build = (...args: string[]) => endOf(start(...args));

  it('is made once of the same sources, and again when they change', async () => {
    expect(await build('--after-install')).toEqual({ code: 0, output: '' });
    const first = builtAt();
    for (const args of [[], ['--before-start'], ['--after-install']])
      expect(await build(...args)).toEqual({ code: 0, output: '' });
    expect(builtAt()).toBe(first);
    edit();
    expect(await build('--before-start')).toEqual({ code: 0, output: '' });
    expect(builtAt()).toBeGreaterThan(first);
  });

  it('is started without a compiler as it is', async () => {
    await build();
    prune();
    for (const args of [[], ['--before-start'], ['--after-install']])
      expect(await build(...args)).toEqual({ code: 0, output: '' });
    edit();
    expect(await build('--before-start')).toEqual({ code: 0, output: expect.stringContaining('as it is') });
    expect(await build('--after-install')).toEqual({ code: 0, output: '' });
    expect(await build()).toEqual({ code: 1, output: expect.stringMatching(SENTENCE) });
    rmSync(join(folder, 'src'), { recursive: true });
    expect(await build('--before-start')).toEqual({ code: 0, output: '' });
  });

  it('is missed in one sentence where it cannot be made, but not by an installation', async () => {
    prune();
    for (const args of [[], ['--before-start']])
      expect(await build(...args)).toEqual({ code: 1, output: expect.stringMatching(SENTENCE) });
    expect(await build('--after-install')).toEqual({ code: 0, output: '' });
  });

  it.each(['dist/cli.js', 'dist/lib/main.js', 'dist/.build'])('is incomplete without %s', async (file) => {
    await build();
    rmSync(join(folder, file));
    prune();
    expect(await build('--before-start')).toEqual({ code: 1, output: expect.stringMatching(SENTENCE) });
    install();
    expect(await build('--before-start')).toEqual({ code: 0, output: '' });
    expect(has(file)).toBe(true);
  });

  it('that was interrupted is none, and its compiler has ended', async () => {
    await build();
    edit();
    const child = start('--before-start');
    await until(() => !has('dist/.build'));
    let compiler: number | undefined;
    await until(async () => {
      [compiler] = await childrenOf(child.pid!).catch(() => []);
      return compiler !== undefined;
    });
    child.kill('SIGTERM');
    expect((await endOf(child)).code).toBe(1);
    await until(() => !isAlive(compiler!));
    prune();
    expect(await build('--before-start')).toEqual({ code: 1, output: expect.stringMatching(SENTENCE) });
  });

  it('that fails is none', async () => {
    appendFileSync(join(folder, 'src/main.ts'), 'export const wrong: number = "text";\n');
    expect((await build()).code).toBe(1);
    expect(has('dist/.build')).toBe(false);
  });
});
