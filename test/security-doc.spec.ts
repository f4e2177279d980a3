import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** Where specs and published suites are, by the name that the page has for them. */
const sources = new Map(
  ['src', 'test']
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    )
    .filter((file) => /(\.spec|\/describe-[\w-]+)\.ts$/.test(file))
    .map((file) => [basename(file, '.ts'), readFileSync(file, 'utf8')] as const),
);

const rows = readFileSync('docs/security.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, requirement = '', , status = '', proof = '']) => ({ requirement, status, proof }));

const specsIn = (proof: string) =>
  [...proof.matchAll(/`(?:[\w-]+\/)*((?:[\w.-]+\.spec)|describe-[\w-]+)`/g)].map(([, name]) => name!);

describe('The page on security', () => {
  it('goes through the rows of the standard', () => {
    expect(rows.length).toBeGreaterThan(100);
  });

  it.each(rows.map(({ requirement, proof }) => [requirement, proof] as const))(
    'names tests that there are: %s',
    (_, proof) => {
      const specs = specsIn(proof);
      expect(specs.filter((name) => !sources.has(name))).toEqual([]);
      const texts = specs.map((name) => sources.get(name)).join('\n');
      const fragments = [...proof.matchAll(/“([^”]+)”/g)].flatMap(([, title]) => title!.split('…'));
      const missing = fragments.map((one) => one.trim()).filter((one) => !texts.includes(one));
      expect(missing).toEqual([]);
    },
  );

  it('claims nothing without a test, a document or a reason', () => {
    const bare = rows.filter(({ status, proof }) => /^(covered|partly)/.test(status) && proof === '–');
    expect(bare).toEqual([]);
  });
});
