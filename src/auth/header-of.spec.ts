import { describe, expect, it } from '@jest/globals';
import { headerOf } from './header-of.js';

/** Mercurius adds to the headers of a handshake what the client sends after it, of any type. */
const valueOf = (cookie: unknown) => headerOf({ headers: { cookie: cookie as string } }, 'cookie');

describe('The text of a header', () => {
  it.each([
    ['sid=1', 'sid=1'],
    [['sid=1', 'sid=2'], 'sid=1, sid=2'],
    [undefined, ''],
  ])('of %j is %j', (value, text) => {
    expect(valueOf(value)).toBe(text);
  });

  it.each([5, null, true, { join: 1 }, [5, { toString: 1 }]])(
    'has nothing of %j, which is no text',
    (value) => {
      expect(valueOf(value)).toBe('');
    },
  );
});
