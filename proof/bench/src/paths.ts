import { fileURLToPath } from 'node:url';

/** The product's repository. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What the product's own start command runs. */
export const PRODUCT = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** What others import of the product. */
export const LIBRARY = new URL('../../../dist/lib/index.js', import.meta.url).href;
export const SERVER_LIBRARY = new URL('../../../dist/lib/server/index.js', import.meta.url).href;

/** A file of the product's modules. */
export function libraryFile(name: string): string {
  return new URL(`../../../dist/lib/${name}`, import.meta.url).href;
}

/** The ratios that `--check` compares with. */
export const BASELINE = fileURLToPath(new URL('../baseline.json', import.meta.url));

/** The script that has wrk rotate what it sends. */
export const WRK_SCRIPT = fileURLToPath(new URL('../src/load/credentials.lua', import.meta.url));

/** The process that runs autocannon. */
export const AUTOCANNON = fileURLToPath(new URL('load/autocannon-process.js', import.meta.url));

/** The process that hashes and does nothing else. */
export const HASH_ALONE = fileURLToPath(new URL('hash-alone.js', import.meta.url));

/** What is loaded into a server that is profiled. */
export const PROFILER = new URL('profile/profiler.js', import.meta.url).href;

/** The product with as many live sessions as it is told. */
export const GROWN = fileURLToPath(new URL('growth/server.js', import.meta.url));

/** The product that switches its metrics on and off. */
export const SWITCHED = fileURLToPath(new URL('metrics/server.js', import.meta.url));

/** The file of a peer. */
export function peerFile(name: string): string {
  return fileURLToPath(new URL(`peers/${name}.js`, import.meta.url));
}
