import { hash, randomBytes } from 'node:crypto';

/** How many codes a user gets at once. */
const COUNT = 10;

/** The digits and letters of Crockford's Base32, without those that look like others. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** Characters of a code: 120 random bits, so that a plain hash is enough (OWASP ASVS 5.0, 6.5.2). */
const LENGTH = 24;

/** New codes, such as `7k2mq9-…` of four groups, which only their user may see. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: COUNT }, () =>
    Array.from(randomBytes(LENGTH), (byte) => ALPHABET[byte % ALPHABET.length])
      .join('')
      .replace(/.{6}(?!$)/g, '$&-'),
  );
}

/** The hash of a code, however it is grouped, and in capital or small letters. */
export function hashOfRecoveryCode(code: string): string {
  const plain = code.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');
  return hash('sha256', plain, 'base64url');
}
