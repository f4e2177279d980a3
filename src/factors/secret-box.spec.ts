import { describe, expect, it } from '@jest/globals';
import { SecretBox } from './secret-box.js';

const [FIRST, SECOND] = ['the first key of at least 32 characters', 'another key of at least 32 characters'];
const box = new SecretBox([FIRST]);
const secret = Buffer.from('a secret');

describe('A secret in a box', () => {
  it('is found in its context alone, and never twice the same text', () => {
    const [one, other] = [box.seal(secret, 'ann'), box.seal(secret, 'ann')];
    expect(one).not.toBe(other);
    expect(Buffer.from(one, 'base64url').includes(secret)).toBe(false);
    expect(box.open(one, 'ann')).toEqual({ secret, isCurrent: true });
    expect(box.open(one, 'ben')).toBeNull();
    expect(box.open(one, '')).toBeNull();
  });

  it('is found by an earlier key, and by no other', () => {
    const text = box.seal(secret, 'ann');
    expect(new SecretBox([SECOND, FIRST]).open(text, 'ann')).toEqual({ secret, isCurrent: false });
    expect(new SecretBox([SECOND]).open(text, 'ann')).toBeNull();
  });

  it('is not found in a text that was changed or cut in any place', () => {
    const bytes = Buffer.from(box.seal(secret, 'ann'), 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index]! ^= 1;
      expect(box.open(changed.toString('base64url'), 'ann')).toBeNull();
      expect(box.open(bytes.subarray(0, index).toString('base64url'), 'ann')).toBeNull();
    }
    for (const text of ['', 'no text of ours', '\u0000']) expect(box.open(text, 'ann')).toBeNull();
  });
});
