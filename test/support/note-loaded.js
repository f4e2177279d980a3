/** Preloaded into a server: writes down every file that the process loads, in the file that LOADED_FILES names. */
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const note = (files) => appendFileSync(process.env.LOADED_FILES, files.map((file) => `${file}\n`).join(''));

if (isMainThread) {
  register(import.meta.url);
  process.on('exit', () => note(Object.keys(createRequire(import.meta.url).cache)));
}

/** For ES modules, called in a thread of Node's own; what they `require` is known in the end. */
export function load(url, context, next) {
  note([url]);
  return next(url, context);
}
