import { describe, expect, it } from '@jest/globals';
import { reasonOf } from './reason.js';

describe('The reason of a failed mail', () => {
  it.each([
    [
      '550 5.1.1 <ann.smith@example.com>: Recipient address rejected: User ann.smith unknown',
      '550 5.1.1 … Recipient address rejected: User … unknown',
    ],
    ['Ann.Smith: over quota', '… over quota'],
    ['no\r\nbreaks\u202e and\u0000 controls', 'no breaks and controls'],
    ['see https://help.example/code?token=abc for more', 'see … for more'],
    ['token 0123456789abcdef0123456789abcdef', 'token …'],
    ['getaddrinfo ENOTFOUND mail.example', 'getaddrinfo ENOTFOUND mail.example'],
  ])('%j is told as %j', (message, reason) => {
    expect(reasonOf(new Error(message), 'ann.smith@example.com')).toBe(reason);
  });

  it('contains no secret of the sender', () => {
    const error = new Error('535 Wrong password open sesame of mail-user');
    expect(reasonOf(error, 'ann@example.com', ['open sesame', 'mail-user'])).toBe(
      '535 Wrong password … of …',
    );
  });

  it('is short', () => {
    expect(reasonOf(new Error('very long '.repeat(100)), 'ann@example.com').length).toBeLessThanOrEqual(160);
  });

  it('leaves words that contain a short name', () => {
    expect(reasonOf(new Error('a (a) bad mailbox'), 'a@example.com')).toBe('… … bad mailbox');
  });

  it('is the code of an error without a message', () => {
    const error = Object.assign(new Error(), { code: 'ECONNREFUSED' });
    expect(reasonOf(error, 'ann@example.com')).toBe('ECONNREFUSED');
  });

  it('is there for anything that is thrown', () => {
    for (const thrown of [null, undefined, 'text', {}, new Error()])
      expect(reasonOf(thrown, 'ann@example.com')).toMatch(/\w/);
  });
});
