import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { describeConfig } from '../src/server/config/load-config.js';

const readme = readFileSync('README.md', 'utf8');
const [, configuration = ''] = /^## Configuration$([^]*?)^## /m.exec(readme) ?? [];

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly packages: Readonly<Record<string, { dev?: true; devOptional?: true; optional?: true }>>;
}

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Manifest;

describe('The README', () => {
  it.each(describeConfig({}))('has $name with its default', ({ name, value }) => {
    const [, shown] = new RegExp(`^\\| \`${name}\` +\\| (\\S+)`, 'm').exec(configuration) ?? [];
    expect(shown?.replaceAll('`', '')).toBe(value === '' || value === '(none)' ? 'none' : value);
  });

  it('has no variable that there is not', () => {
    const rows = [...configuration.matchAll(/^\| `([A-Z_]+)` /gm)].map((match) => match[1]);
    expect(rows).toEqual(describeConfig({}).map(({ name }) => name));
  });

  it('has every production package, and how many come with them', () => {
    const [, packages = ''] = /^## Production packages$([^]*?)^## /m.exec(readme) ?? [];
    const rows = [...packages.matchAll(/^\| `(.+?)` /gm)].map((match) => match[1]);
    expect(rows).toEqual(Object.keys(read('package.json').dependencies));
    const { '': _, ...locked } = read('package-lock.json').packages;
    const installed = Object.values(locked).filter((one) => !(one.dev || one.devOptional || one.optional));
    expect(packages).toContain(`\n${installed.length} packages`);
  });
});
