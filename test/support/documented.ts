import { readFileSync } from 'node:fs';

/** The first program in a chapter of docs/transports.md. */
export function documentedProgram(chapter: string): string {
  return documentedPrograms('transports', chapter, 'ts')[0] ?? '';
}

/** The programs of a language in a chapter of a page of the documents. */
export function documentedPrograms(page: string, chapter: string, language: string): string[] {
  const [, rest = ''] = readFileSync(`docs/${page}.md`, 'utf8').split(`\n## ${chapter}\n`);
  const [text = ''] = rest.split('\n## ');
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n([^]+?)\`\`\``, 'g'))].map(
    ([, program = '']) => program,
  );
}
