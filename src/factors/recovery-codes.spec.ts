import { expect, it } from '@jest/globals';
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.js';

it('Recovery codes are ten, different, and in four groups of letters and digits that nobody confuses', () => {
  const codes = Array.from({ length: 100 }, newRecoveryCodes).flat();
  expect(codes).toHaveLength(1000);
  expect(new Set(codes).size).toBe(1000);
  for (const code of codes) expect(code).toMatch(/^(?:[\da-hjkmnp-tv-z]{6}-){3}[\da-hjkmnp-tv-z]{6}$/);
  expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32);
});

it('A recovery code has one hash however people write it, and another code has another', () => {
  const code = '01abcd-efghjk-mnpqrs-tvwxyz';
  const same = [
    code.toUpperCase(),
    code.replaceAll('-', ''),
    ` ${code.replaceAll('-', ' ')} `,
    'OIabcd-efghjk-mnpqrs-tvwxyz',
  ];
  expect(new Set([code, ...same].map(hashOfRecoveryCode)).size).toBe(1);
  expect(hashOfRecoveryCode('11abcd-efghjk-mnpqrs-tvwxyz')).not.toBe(hashOfRecoveryCode(code));
});
