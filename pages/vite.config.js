import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Builds the pages into dist/pages. Their URLs are relative, so that they work behind any path. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  publicDir: false,
  build: {
    outDir: fileURLToPath(new URL('../dist/pages', import.meta.url)),
    emptyOutDir: true,
    target: 'baseline-widely-available',
    // The policy of the pages allows no inline files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licences.md' },
    rollupOptions: {
      input: ['account', 'admin'].map((page) => fileURLToPath(new URL(`${page}.html`, import.meta.url))),
    },
  },
  logLevel: 'warn',
});
