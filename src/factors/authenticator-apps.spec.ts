import { describe, expect, it } from '@jest/globals';
import { AuthenticatorApps } from './authenticator-apps.js';

const apps = new AuthenticatorApps('Example');
const secret = new Uint8Array(Buffer.from('12345678901234567890'));
const at = (seconds: number) => new Date(seconds * 1000);

/** RFC 6238, appendix B, SHA-1: the last six of the eight digits there. */
const VECTORS = [
  [59, '287082', 1],
  [1111111109, '081804', 37037036],
  [1111111111, '050471', 37037037],
  [1234567890, '005924', 41152263],
  [2000000000, '279037', 66666666],
  [20000000000, '353130', 666666666],
] as const;

describe('The codes of an authenticator app', () => {
  it.each(VECTORS)('are those of RFC 6238 at %i s: %s', (seconds, code, step) => {
    expect(apps.stepOf(secret, code, at(seconds), -1)).toBe(step);
    for (const drift of [-30, 30]) expect(apps.stepOf(secret, code, at(seconds + drift), -1)).toBe(step);
    for (const drift of [-61, 61]) expect(apps.stepOf(secret, code, at(seconds + drift), -1)).toBeNull();
  });

  it('are valid once: not in a step that was used, nor in one before', () => {
    const [seconds, code, step] = VECTORS[2];
    expect(apps.stepOf(secret, code, at(seconds), step - 1)).toBe(step);
    expect(apps.stepOf(secret, code, at(seconds), step)).toBeNull();
    expect(apps.stepOf(secret, code, at(seconds), step + 1)).toBeNull();
  });

  it.each(['', '000000', '28708', '2870822', ' 287082', '287082\n', '２８７０８２', 'abcdef'])(
    'are no other text: %j',
    (code) => {
      expect(apps.stepOf(secret, code, at(59), -1)).toBeNull();
    },
  );

  it('come from a secret of 160 random bits, which the setup shows in every form', () => {
    const made = apps.newSecret();
    expect(made).toHaveLength(20);
    expect(Buffer.from(made).equals(Buffer.from(apps.newSecret()))).toBe(false);
    const { secret: text, uri, qrCode } = apps.setup(secret, 'ann@example.com');
    expect(text).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
    expect(uri).toBe(
      'otpauth://totp/Example:ann%40example.com?issuer=Example&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=6&period=30',
    );
    expect(qrCode).toMatch(/^<svg [^]*<\/svg>$/);
    expect(qrCode).not.toContain('<script');
    expect(apps.setup(secret, '<script>&"').qrCode).not.toContain('<script');
  });
});
