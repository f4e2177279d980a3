/**
 * Prints what a bare application of Nest grows by when it installs dist/package: packages, MB on the disk, and how long
 * `import 'coatcheck'` takes. To be run after `npm run package`.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'];

/** What an application installs besides for each kind of store. */
const STORES = { memory: [], SQLite: ['better-sqlite3', 'kysely'], PostgreSQL: ['pg', 'kysely'] };

/** Addons that npm would compile for minutes; those of this checkout weigh the same. */
const COMPILED = ['better-sqlite3'];

/** The lightest package that is named, in bytes. */
const HEAVY = 300_000;

const ROUNDS = 15;

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const root = mkdtempSync(join(tmpdir(), 'coatcheck-sizes-'));
try {
  const nest = NEST.map((name) => `${name}@${dependencies[name]}`);
  const bare = install('bare', nest);
  print(`Nest alone: ${bare.size} packages, ${megabytes(sum(bare.values()))} MB`);
  const tarball = join(root, npm(root, ['pack', resolve('dist/package')]).trim());
  for (const [store, names] of Object.entries(STORES)) {
    const drivers = names.map((name) => `${name}@${dependencies[name]}`);
    const grown = install(store, [...nest, tarball, ...drivers]);
    const added = [...grown].filter(([path]) => !bare.has(path));
    print(
      `Coatcheck, ${store}: ${added.length} packages, ${megabytes(sum(added.map(([, bytes]) => bytes)))} MB more`,
    );
    for (const [path, bytes] of added.filter(([, bytes]) => bytes > HEAVY).toSorted(([, a], [, b]) => b - a))
      print(`  ${megabytes(bytes).padStart(5)} MB ${path.slice('node_modules/'.length)}`);
  }
  const [alone, both] = importTimes(
    join(root, 'memory'),
    ["'@nestjs/core'"],
    ["'@nestjs/core'", "'coatcheck'"],
  );
  print(
    `import: ${alone} ms for @nestjs/core, ${both - alone} ms more for coatcheck, medians of ${ROUNDS} rounds`,
  );
} finally {
  rmSync(root, { recursive: true });
}

/** Installs packages into a new folder. Returns the bytes of each installed package. */
function install(name, specs) {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  npm(folder, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...specs]);
  for (const addon of COMPILED.filter((one) => specs.some((spec) => spec.startsWith(`${one}@`))))
    cpSync(join('node_modules', addon), join(folder, 'node_modules', addon), { recursive: true });
  const { packages } = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
  return new Map(Object.keys(packages).map((path) => [path, weigh(join(folder, path))]));
}

/** The bytes of a folder as `du` counts them, in whole blocks, without the packages inside it. */
function weigh(path) {
  const found = lstatSync(path);
  const names = found.isDirectory() ? readdirSync(path).filter((name) => name !== 'node_modules') : [];
  return found.blocks * 512 + sum(names.map((name) => weigh(join(path, name))));
}

/** The median time of each list of imports in milliseconds, in rounds in which they take turns. */
function importTimes(cwd, ...lists) {
  const times = lists.map(() => []);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [at, list] of lists.entries()) {
      const imports = list.map((name) => `await import(${name});`).join('');
      const code = `const start = performance.now(); ${imports} console.log(performance.now() - start)`;
      times[at].push(Number(execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd })));
    }
  return times.map((each) => Math.round(each.toSorted((a, b) => a - b)[(ROUNDS - 1) / 2]));
}

function npm(cwd, args) {
  return execFileSync('npm', [...args, '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function sum(numbers) {
  return [...numbers].reduce((total, one) => total + one, 0);
}

function megabytes(bytes) {
  return (bytes / 2 ** 20).toFixed(1);
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
