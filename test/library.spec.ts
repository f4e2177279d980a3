import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
  readonly library: Readonly<
    Record<'dependencies' | 'bundled' | 'peers' | 'optionalPeers', readonly string[]>
  >;
}

const { exports: entries, library } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const paths = Object.keys(entries);

/** The optional packages that the import of a path needs. What other parts need is imported when they are used. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  './express': ['@nestjs/platform-express', 'express'],
  './fastify': ['@nestjs/platform-fastify'],
  './sqlite': ['kysely'],
  './postgres': ['kysely'],
};

/** Peers that no module names: Nest needs two, and one has the types of Express. */
const UNNAMED = ['rxjs', 'reflect-metadata', '@types/express'];

/** Named where no import can be: the test kit finds it in the folder of the tests. */
const REQUIRED = ['supertest'];

/** What class-validator imports, which is bundled. */
const INSIDE = ['libphonenumber-js', 'validator'];

const AT_ONCE = /^(?:import|export)\b[^;]*?from '([^']+)'|^import '([^']+)'/gm;
const LATER = /\bimport\('([^']+)'\)|'(\.\/[\w-]+\.worker\.js)'/g;

/** The packages that a built module imports at once or later, and so do the modules that it imports. */
function importsOf(entry: string): { atOnce: Set<string>; later: Set<string> } {
  const found = { atOnce: new Set<string>(), later: new Set<string>() };
  const seen = { atOnce: new Set<string>(), later: new Set<string>() };
  const visit = (file: string, when: 'atOnce' | 'later'): void => {
    if (seen[when].has(file)) return;
    seen[when].add(file);
    const code = readFileSync(file, 'utf8').replaceAll(/\/\*[^]*?\*\//g, '');
    const note = (target: string, then: 'atOnce' | 'later') => {
      if (target.startsWith('.')) visit(join(dirname(file), target), then);
      else if (!isBuiltin(target)) found[then].add(/^(?:@[^/]+\/)?[^/]+/.exec(target)![0]);
    };
    for (const [, from, plain] of code.matchAll(AT_ONCE)) note((from ?? plain)!, when);
    for (const [, target, worker] of code.matchAll(LATER)) note((target ?? worker)!, 'later');
  };
  visit(entry, 'atOnce');
  return found;
}

const imports = new Map(paths.map((path) => [path, importsOf(entries[path]!.default)]));

describe('The packages of the library in package.json', () => {
  it.each(paths)('are all that %s needs to be imported', (path) => {
    const optional = [...imports.get(path)!.atOnce].filter((name) => library.optionalPeers.includes(name));
    expect(optional.toSorted()).toEqual(NEEDED[path] ?? []);
  });

  it('are those that its modules import, and no others', () => {
    const named = new Set([...UNNAMED, ...REQUIRED, ...INSIDE]);
    for (const { atOnce, later } of imports.values())
      for (const name of [...atOnce, ...later]) named.add(name);
    const { dependencies, bundled, peers, optionalPeers } = library;
    const listed = [...dependencies, ...bundled, ...peers, ...optionalPeers];
    expect([...named].toSorted()).toEqual(listed.toSorted());
  });
});
