/** Builds the pages for people into dist/pages, and compresses what browsers keep. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'vite';

const ASSETS = 'dist/pages/assets';

await build({ configFile: 'pages/vite.config.js' });
for (const name of readdirSync(ASSETS)) {
  const content = readFileSync(join(ASSETS, name));
  writeFileSync(join(ASSETS, `${name}.br`), brotliCompressSync(content));
  writeFileSync(join(ASSETS, `${name}.gz`), gzipSync(content, { level: 9 }));
}
