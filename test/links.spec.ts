import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import GithubSlugger from 'github-slugger';
import MarkdownIt from 'markdown-it';

const folders = ['.', 'docs', 'docs/decisions', 'examples', ...foldersIn('examples'), ...foldersIn('proof')];
const pages = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);
const contents = new Map(pages.map((page) => [page, contentOf(page)] as const));

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name));
}

/** The anchors that GitHub gives to the headings of a page, and the targets of its links and images. */
function contentOf(page: string) {
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  const links: string[] = [];
  const tokens = new MarkdownIt({ html: true }).parse(readFileSync(page, 'utf8'), {});
  for (const [index, { type, children }] of tokens.entries()) {
    if (type !== 'inline' || children === null) continue;
    const text = children.map(({ content }) => content).join('');
    if (tokens[index - 1]?.type === 'heading_open') anchors.add(slugger.slug(text));
    for (const child of children) {
      if (child.type === 'link_open') links.push(String(child.attrGet('href')));
      if (child.type === 'image') links.push(String(child.attrGet('src')));
      if (child.type === 'html_inline') links.push(...sourcesIn(child.content));
    }
  }
  return { anchors, links: links.filter((link) => !/^https?:/.test(link)) };
}

function sourcesIn(html: string): string[] {
  return [...html.matchAll(/\bsrc="([^"]*)"/g)].map(([, source]) => source!);
}

function isAlive(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (anchor === undefined) return existsSync(target);
  return contents.get(target)?.anchors.has(anchor) ?? false;
}

describe('The documents', () => {
  it.each(pages)('have no dead link and no missing image: %s', (page) => {
    expect(contents.get(page)?.links.filter((link) => !isAlive(page, link))).toEqual([]);
  });

  it('are where sources refer to them', () => {
    const files = ['src', 'test', 'scripts', 'deploy'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.(js|ts|service)$/.test(file) && !file.includes('node_modules'))
        .map((file) => join(folder, file)),
    );
    const named = ['Dockerfile', 'compose.yaml', ...files].flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([page]) => page),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((page) => !existsSync(page))).toEqual([]);
  });
});
