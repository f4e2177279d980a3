import { describe, expect, it } from '@jest/globals';
import { decodeUtf8, isDecoded } from './utf8.js';

describe('Bytes', () => {
  it.each([
    ['UTF-8', Buffer.from('p\u00e4ss \u{1f36a}'), 'p\u00e4ss \u{1f36a}'],
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFFp\u00e4ss'), 'p\u00e4ss'],
    ['nothing', Buffer.alloc(0), ''],
    ['Latin-1', Buffer.from('p\u00e4ss', 'latin1'), null],
    ['UTF-16 with a byte order mark', Buffer.from('\uFEFFp\u00e4ss', 'utf16le'), null],
    ['UTF-16', Buffer.from('pass', 'utf16le'), null],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80]), null],
    ['a character that is cut off', Buffer.from([0x61, 0xc3]), null],
  ])('of %s are read', (_, bytes, text) => {
    expect(decodeUtf8(bytes)).toBe(text);
  });

  it('that Node could not decode are detected', () => {
    expect(isDecoded('p\u00e4ss')).toBe(true);
    expect(isDecoded(Buffer.from('p\u00e4ss', 'latin1').toString())).toBe(false);
  });
});
