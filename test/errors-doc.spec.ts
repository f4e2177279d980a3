import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { REFUSALS } from '../src/common/refusals.js';

const HEADERS: Readonly<Record<number, string>> = {
  401: '`WWW-Authenticate`',
  405: '`Allow`',
  429: '`Retry-After`',
  503: '`Retry-After`',
};

const rows = readFileSync('docs/errors.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, code = '', status = '', sentence = '', action = '', headers = '']) => ({
    code: code.replaceAll('`', ''),
    status: Number(status),
    sentence,
    action,
    headers,
  }));

describe('The page on errors', () => {
  it('has one row for each code, in the order of the table in the source', () => {
    expect(rows.map(({ code }) => code)).toEqual(Object.keys(REFUSALS));
  });

  it.each(rows)('has the status, the sentence and the headers of $code', (row) => {
    const [status, sentence] = REFUSALS[row.code as keyof typeof REFUSALS];
    expect(row).toMatchObject({ status, sentence, headers: HEADERS[status] ?? '–' });
  });

  it.each(rows)('says what to do about $code', ({ action }) => {
    expect(action).toMatch(/^[A-Z].*\.$/);
  });
});

describe('The sentence of a code', () => {
  it.each(Object.entries(REFUSALS))('says what happened, then what to do: %s', (_, [, sentence]) => {
    expect(sentence).toMatch(/^[A-Z][^.]+\. [A-Z][^.]+\.$/);
  });
});
