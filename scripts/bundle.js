/** Makes of what tsc put into dist/lib the server and the operator's commands that start fast: docs/decisions/011. */
import { copyFile, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { keepClassNamesOnly } from './class-names.js';

const OUT = 'dist';

/** What a thread reads, beside its own file. */
const LIST = 'users/passwords/common-passwords.br';

/** Nest's own pipe would load the two whole; InputPipe hands it what it needs of them. */
const leaveToInputPipe = {
  name: 'leave-to-input-pipe',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^class-(validator|transformer)$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    ),
};

const { metafile } = await build({
  entryPoints: [
    'dist/lib/main.js',
    'dist/lib/cli.js',
    'dist/lib/users/passwords/hashing.worker.js',
    'dist/lib/users/passwords/common-passwords.worker.js',
    'dist/lib/storage/sql/sqlite-checkpoint.worker.js',
  ],
  entryNames: '[name]',
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  keepNames: true,
  // ES modules where a package has them, of which only what is used goes in.
  mainFields: ['es2015', 'module', 'main'],
  alias: { rxjs: './node_modules/rxjs/dist/esm' },
  plugins: [leaveToInputPipe],
  // Native, or with a thread's file of its own, or not installed, or to be evaluated before all else.
  external: [
    'bcrypt',
    '@node-rs/argon2',
    'better-sqlite3',
    'piscina',
    'pg-native',
    '@fastify/multipart',
    '@fastify/static',
    '@fastify/view',
    '@nestjs/microservices',
    '@nestjs/websockets',
    'reflect-metadata',
    // The SDK of OpenTelemetry uses the one that is installed.
    '@opentelemetry/api',
  ],
  banner: {
    js: [
      "import 'reflect-metadata';",
      "import { createRequire as requireFrom } from 'node:module';",
      'const require = requireFrom(import.meta.url);',
    ].join('\n'),
  },
  metafile: true,
  logLevel: 'warning',
});

for (const path of Object.keys(metafile.outputs))
  await writeFile(path, keepClassNamesOnly(await readFile(path, 'utf8')));

for (const entry of await readdir(OUT)) {
  const path = join(OUT, entry);
  if (entry !== 'lib' && entry !== 'pages' && !(path in metafile.outputs))
    await rm(path, { recursive: true });
}
for (const to of [join('lib', LIST), basename(LIST)]) await copyFile(join('src', LIST), join(OUT, to));
