import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';

const SITE = 'docs/.vitepress/dist';

describe('The site of the documents', () => {
  beforeAll(async () => {
    await promisify(execFile)('npm', ['run', 'docs'], { maxBuffer: 1 << 26 });
  }, 240_000);

  it('has every page, and the README as the first one', () => {
    const pages = readdirSync('docs')
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(SITE, 'docs', file.replace('.md', '.html')));
    expect(pages.filter((page) => !existsSync(page))).toEqual([]);
    expect(readFileSync(join(SITE, 'index.html'), 'utf8').includes('Run it in a minute')).toBe(true);
  });

  it('links the README by the name that it has there', () => {
    const html = readFileSync(join(SITE, 'docs/configuration.html'), 'utf8');
    expect(html.includes('href="./../#the-strategies"')).toBe(true);
    expect(html.includes('README')).toBe(false);
  });

  it('can be searched without another server', () => {
    const chunks = readdirSync(join(SITE, 'assets/chunks'));
    const index = chunks.find((name) => name.startsWith('@localSearchIndex')) ?? '';
    const text = readFileSync(join(SITE, 'assets/chunks', index), 'utf8');
    expect(text.includes('/docs/configuration.html#variables')).toBe(true);
  });

  it('lists its pages for language models', () => {
    expect(readFileSync(join(SITE, 'llms.txt'), 'utf8')).toContain('Configuration');
    const all = readFileSync(join(SITE, 'llms-full.txt'), 'utf8');
    expect(all.includes('Run it in a minute')).toBe(true);
    expect(all.includes('SESSION_IDLE_TIMEOUT')).toBe(true);
  });
});
