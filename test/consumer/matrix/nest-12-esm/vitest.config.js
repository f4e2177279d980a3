import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';

/** SWC writes the metadata of decorators, by which Nest injects. */
export default defineConfig({
  test: { globals: true, include: ['test/**/*.spec.ts'] },
  plugins: [swc.vite()],
});
