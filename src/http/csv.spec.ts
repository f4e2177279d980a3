import { describe, expect, it } from '@jest/globals';
import { csvLine } from './csv.js';

describe('A record of CSV', () => {
  it('has commas between its cells, and ends with CR and LF', () => {
    expect(csvLine(['a', 1, null, undefined, '', 'Zoë'])).toBe('a,1,,,,Zoë\r\n');
  });

  it('quotes cells with separators, quotes, spaces and ends of lines', () => {
    expect(csvLine(['a,b', 'say "no"', 'x\ny', 'a b', "it's", 'a;b'])).toBe(
      '"a,b","say ""no""","x\ny","a b","it\'s","a;b"\r\n',
    );
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t'=1"],
    ['\r=1', "'\r'=1"],
    ['\tno formula', "'\tno formula"],
    ['  =1', "'  =1"],
    ['\u00a0\u200b\ufeff=1', "'\u00a0\u200b\ufeff=1"],
    ['"=1', `'"=1`],
    ["'=1", "''=1"],
    ['“=1', "'“=1"],
    ['＝1', "'＝1"],
    ['＋1', "'＋1"],
    ['－1', "'－1"],
    ['＠SUM', "'＠SUM"],
    ['−1', "'−1"],
    ['Mozilla/5.0;=cmd|"/c calc"!A0', `Mozilla/5.0;'=cmd|"/c calc"!A0`],
    ['a, "=1', `a,' "=1`],
    ['a\n=1', "a\n'=1"],
    ['a|@x', "a|'@x"],
    ['a\t+1', "a\t'+1"],
    ['a=b;c-d,e@f.example', 'a=b;c-d,e@f.example'],
    ['2026-11-30T12:00:00.000Z', '2026-11-30T12:00:00.000Z'],
  ])('makes no cell of %j that a program for spreadsheets executes', (text, expected) => {
    const [cell] = csvLine([text]).split('\r\n').slice(0, -1).join('\r\n').match(/^.*$/s)!;
    const plain = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
    expect(plain).toBe(expected);
  });
});
