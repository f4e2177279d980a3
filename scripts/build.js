/**
 * Builds `dist`: the modules by tsc, and of them the server and the commands by `bundle.js`. A build that is there already, of
 * the same sources, is left alone. `dist/.build` says of what a build was made, and is written last: without it, it is no build.
 *
 * --before-start: without a compiler, what is built is started. --after-install: without a compiler, nothing is built.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STAMP = 'dist/.build';
const TSC = 'node_modules/typescript/bin/tsc';
const SOURCES = [
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.js',
  'scripts/bundle.js',
  'scripts/pages.js',
  'scripts/class-names.js',
];

const mode = process.argv[2] ?? '';
const built = readStamp();
const sources = existsSync('src') ? hashOfSources() : null;

if (built !== null && (sources === null || built.sources === sources)) process.exit(0);
if (sources !== null && (await canCompile())) await build();
else if (mode === '--before-start' && built !== null)
  console.error(
    'The sources have changed since the build, and no compiler is installed: starting the build as it is.',
  );
else if (mode !== '--after-install') {
  console.error(
    'There is no complete build in dist, and no compiler is installed: run `npm ci && npm run build`, here or where dist is copied from.',
  );
  process.exitCode = 1;
}

/** What a complete build was made of; null where there is none. */
function readStamp() {
  try {
    const stamp = JSON.parse(readFileSync(STAMP, 'utf8'));
    return stamp.files.every((file) => existsSync(join('dist', file))) ? stamp : null;
  } catch {
    return null;
  }
}

function hashOfSources() {
  const modules = ['src', 'pages'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.([jt]sx?|br|css|html)$/.test(file) && !file.endsWith('.spec.ts'))
      .map((file) => join(folder, file)),
  );
  const hash = createHash('sha256');
  for (const file of [...SOURCES.filter((name) => existsSync(name)), ...modules.toSorted()])
    hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** Both are development packages, and the native part of esbuild is an optional one. */
async function canCompile() {
  if (!existsSync(TSC)) return false;
  try {
    const { transform } = await import('esbuild');
    await transform('');
    return true;
  } catch {
    return false;
  }
}

async function build() {
  // An incremental build must not trust what an interrupted one has left.
  if (built === null) rmSync('dist/lib', { recursive: true, force: true });
  rmSync(STAMP, { force: true });
  const tsc = spawn(process.execPath, [TSC, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => {
      tsc.kill(signal);
      process.exit(1);
    });
  const [code] = await once(tsc, 'exit');
  if (code !== 0) process.exit(1);
  await import('./bundle.js');
  await import('./pages.js');
  const files = readdirSync('dist', { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(js|br|gz|css|html)$/.test(file),
  );
  writeFileSync(STAMP, JSON.stringify({ sources, files }));
}
