import { readFileSync } from 'node:fs';

/** The first program in a chapter of docs/transports.md. */
export function documentedProgram(chapter: string): string {
  const [, text = ''] = readFileSync('docs/transports.md', 'utf8').split(`\n## ${chapter}\n`);
  const [, source = ''] = /```ts\n([^]+?)```/.exec(text) ?? [];
  return source;
}
