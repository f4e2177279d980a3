import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { PROBLEM_CODES } from '../src/http/problem.js';
import { describeConfig } from '../src/config/load-config.js';

const readme = readFileSync('README.md', 'utf8');
const [, configuration = ''] = /^## Configuration$([^]*?)^## /m.exec(readme) ?? [];

describe('The README', () => {
  it.each(describeConfig({}))('has $name with its default', ({ name, value }) => {
    const [, shown] = new RegExp(`^\\| \`${name}\` +\\| (\\S+)`, 'm').exec(configuration) ?? [];
    expect(shown?.replaceAll('`', '')).toBe(value === '' || value === '(none)' ? 'none' : value);
  });

  it('has no variable that there is not', () => {
    const rows = [...configuration.matchAll(/^\| `([A-Z_]+)` /gm)].map((match) => match[1]);
    expect(rows).toEqual(describeConfig({}).map(({ name }) => name));
  });

  it.each(PROBLEM_CODES)('has the code %s', (code) => {
    expect(readme).toContain(`\`${code}\``);
  });
});
