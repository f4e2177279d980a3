/** Makes of what tsc put into dist/lib the server and the operator's commands that start fast: docs/decisions/011. */
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const OUT = 'dist';

/** Nest's own pipe would load the two whole; InputPipe hands it what it needs of them. */
const leaveToInputPipe = {
  name: 'leave-to-input-pipe',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^class-(validator|transformer)$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    ),
};

/**
 * Names of classes are read by Nest, and shown in logs and in the description of the API. esbuild's own `keepNames` names each
 * function anew whenever it is made, which costs half of the speed; decorated classes are the ones it would rename.
 */
const keepClassNames = {
  name: 'keep-class-names',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/](dist[\\/]lib|@nestjs)[\\/].*\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/^(let (\w+) = (?:\w+ = )?class) \2 /gm, '$1 '),
    })),
};

const { metafile } = await build({
  entryPoints: ['dist/lib/main.js', 'dist/lib/cli.js', 'dist/lib/users/bcrypt.worker.js'],
  entryNames: '[name]',
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // ES modules where a package has them, of which only what is used goes in.
  mainFields: ['es2015', 'module', 'main'],
  alias: { rxjs: './node_modules/rxjs/dist/esm' },
  plugins: [leaveToInputPipe, keepClassNames],
  // Native, or with a thread's file of its own, or not installed, or to be evaluated before all else.
  external: [
    'bcrypt',
    'better-sqlite3',
    'piscina',
    'pg-native',
    '@fastify/static',
    '@nestjs/microservices',
    '@nestjs/websockets',
    'reflect-metadata',
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

for (const entry of await readdir(OUT)) {
  const path = join(OUT, entry);
  if (entry !== 'lib' && !(path in metafile.outputs)) await rm(path, { recursive: true });
}
