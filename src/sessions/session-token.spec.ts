import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { SessionToken, tagOf, userTag } from './session-token.js';

const now = new Date('2026-01-01T12:00:00.000Z');

describe('A session token', () => {
  it('is an id of 128 bits, a dot and a secret of 256 bits', () => {
    expect(SessionToken.issue(now, 'ann').reveal()).toMatch(/^[\w-]{22}\.[\w-]{43}$/);
  });

  it('can be parsed from its revealed text', () => {
    const token = SessionToken.issue(now, 'ann');
    const parsed = SessionToken.parse(token.reveal());
    expect(parsed?.id).toBe(token.id);
    expect(parsed?.matches(token.secretHash)).toBe(true);
  });

  it('is unique among 10,000 tokens of one millisecond', () => {
    const tokens = Array.from({ length: 10_000 }, () => SessionToken.issue(now, 'ann'));
    expect(new Set(tokens.map((token) => token.id)).size).toBe(10_000);
    expect(new Set(tokens.map((token) => token.secretHash)).size).toBe(10_000);
  });

  it('has an id that begins with the time, so that ids are in order of time', () => {
    const bytes = (at: Date) => Buffer.from(SessionToken.issue(at, 'ann').id, 'base64url').subarray(0, 6);
    expect(bytes(now).readUIntBE(0, 6)).toBe(now.getTime());
    expect(Buffer.compare(bytes(now), bytes(new Date(now.getTime() + 1)))).toBe(-1);
  });

  it('contains the tag of its user in the id', () => {
    const tags = ['ann', 'ann', 'ben'].map((userId) => tagOf(SessionToken.issue(now, userId).id));
    expect(tags).toEqual([userTag('ann'), userTag('ann'), userTag('ben')]);
    expect(userTag('ann')).toMatch(/^[\w-]{4}$/);
    expect(userTag('ann')).not.toBe(userTag('ben'));
  });

  it('matches no other hash', () => {
    const [token, other] = [SessionToken.issue(now, 'ann'), SessionToken.issue(now, 'ann')];
    for (const hash of [other.secretHash, '', token.secretHash.slice(1), `${token.secretHash}x`, token.id]) {
      expect(token.matches(hash)).toBe(false);
    }
  });

  it.each([
    ['', 'nothing'],
    ['abc', 'no dot'],
    ['..', 'dots alone'],
    ['__proto__', 'a name of a prototype'],
    [`${'A'.repeat(22)}.${'A'.repeat(42)}`, 'a short secret'],
    [`${'A'.repeat(22)}.${'A'.repeat(44)}`, 'a long secret'],
    [`${'A'.repeat(21)}B.${'A'.repeat(43)}`, 'an id with bits left over'],
    [`${'A'.repeat(22)}.${'A'.repeat(42)}B`, 'a secret with bits left over'],
    [` ${'A'.repeat(22)}.${'A'.repeat(43)}`, 'a blank in front'],
    [`${'A'.repeat(22)}.${'A'.repeat(43)}\n`, 'a line break behind'],
    [`${'A'.repeat(22)}.${'A'.repeat(43)}=`, 'padding'],
    [`${'A'.repeat(21)}+.${'A'.repeat(43)}`, 'the other alphabet'],
  ])('is not parsed from %j (%s)', (text) => {
    expect(SessionToken.parse(text)).toBeNull();
  });

  it('shows its id, and its secret only through reveal', () => {
    const token = SessionToken.issue(now, 'ann');
    const secret = token.reveal().split('.')[1]!;
    const shown = [
      `${token}`,
      JSON.stringify({ token }),
      inspect({ token }),
      String(Object.values(token)),
    ].join('\n');
    expect(shown).toContain(token.id);
    expect(shown).not.toContain(secret);
  });

  it('has the same form in every output', () => {
    const token = SessionToken.issue(now, 'ann');
    const shown = `SessionToken(${token.id})`;
    expect([String(token), JSON.stringify(token), inspect(token)]).toEqual([shown, `"${shown}"`, shown]);
  });

  it('has the SHA-256 of its secret as hash', () => {
    const token = SessionToken.issue(now, 'ann');
    const secret = token.reveal().split('.')[1]!;
    expect(token.secretHash).toBe(createHash('sha256').update(secret).digest('base64url'));
  });

  it('keeps its id when it is reissued', () => {
    const token = SessionToken.issue(now, 'ann');
    const next = SessionToken.reissue(token.id);
    expect(next.id).toBe(token.id);
    expect(next.matches(token.secretHash)).toBe(false);
  });
});
