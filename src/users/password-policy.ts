import { invalid } from '../common/domain-error.js';

/** The longest password there is, in code points and in bytes of UTF-8, both in NFC. */
const MAX_LENGTH = 256;
const MAX_BYTES = 1024;

export function isOverlong(password: string): boolean {
  return lengthOf(password) > MAX_LENGTH || Buffer.byteLength(password.normalize('NFC')) > MAX_BYTES;
}

/** Refuses a new password that is too short or too long; `pointer` says where it came from. */
export function checkNewPassword(password: string, minLength: number, pointer: string): void {
  if (isOverlong(password))
    throw invalid(pointer, `At most ${MAX_LENGTH} characters and ${MAX_BYTES} bytes.`);
  if (lengthOf(password) < minLength) throw invalid(pointer, `At least ${minLength} characters.`);
}

function lengthOf(password: string): number {
  return [...password.normalize('NFC')].length;
}
