import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { PAGE_FOLDERS } from './page-folders.js';

/** A file of the pages, also compressed. */
export interface PageFile {
  readonly type: string;
  readonly encoded: Readonly<Record<'identity' | 'gzip' | 'br', Buffer>>;
}

/** The built pages: beside the bundle, above the built modules, or above the sources. */
const FOLDERS = ['./pages/', '../../../pages/', '../../../dist/pages/'];

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** The built pages, read once: the HTML names the files that are beside it. Throws if there are none. */
export class PageFiles {
  /** The scripts and styles by name. A name contains a hash of the content. */
  readonly assets: ReadonlyMap<string, PageFile>;
  /** The HTML of each folder's pages, as it was built. */
  readonly html: ReadonlyMap<string, string>;

  constructor() {
    const folder = folderOf();
    const read = (name: string) => readFileSync(join(folder, 'assets', name));
    this.assets = new Map(
      readdirSync(join(folder, 'assets'))
        .filter((name) => extname(name) in TYPES)
        .map((name) => {
          const encoded = { identity: read(name), gzip: read(`${name}.gz`), br: read(`${name}.br`) };
          return [name, { type: TYPES[extname(name)]!, encoded }];
        }),
    );
    this.html = new Map(
      PAGE_FOLDERS.map((path) => [path, readFileSync(join(folder, `${path}.html`), 'utf8')]),
    );
  }
}

export function htmlFile(html: string): PageFile {
  const content = Buffer.from(html);
  return {
    type: 'text/html; charset=utf-8',
    encoded: { identity: content, gzip: gzipSync(content), br: brotliCompressSync(content) },
  };
}

function folderOf(): string {
  const folders = FOLDERS.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = folders.find((folder) => existsSync(join(folder, 'assets')));
  if (found === undefined)
    throw new Error('The pages are not built. Run `npm run build`, or switch the pages off.');
  return found;
}
