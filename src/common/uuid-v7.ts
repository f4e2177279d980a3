import { randomBytes } from 'node:crypto';

const FORMAT = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i;

/**
 * The bytes of a UUID of version 7 (RFC 9562, section 5.7). The first 48 bits are `at`, in milliseconds; the rest is random.
 * A `count` stands at the head of that rest (section 6.2, method 1), so that ids of one millisecond are in its order.
 */
export function uuidV7(at: number, count?: number): Buffer {
  const id = randomBytes(16);
  id.writeUIntBE(at, 0, 6);
  if (count !== undefined) id.writeUInt32BE(((count >>> 14) << 16) | (count & 0x3fff), 6);
  id[6] = 0x70 | (id[6]! & 0x0f);
  id[8] = 0x80 | (id[8]! & 0x3f);
  return id;
}

export function isUuidV7(text: string): boolean {
  return FORMAT.test(text);
}

/** Bytes of a UUID as it is written. */
export function uuidText(id: Buffer): string {
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
