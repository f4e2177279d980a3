import { TAG } from '../../sessions/session-token.js';

/** The session id with the tag of the user moved to the front, so that the sessions of one user are adjacent. */
export function keyOf(id: string): string {
  return id.slice(TAG.start, TAG.end) + id.slice(0, TAG.start) + id.slice(TAG.end);
}

/** The session id of a key; the inverse of `keyOf`. */
export function idOf(key: string): string {
  const tagLength = TAG.end - TAG.start;
  return key.slice(tagLength, TAG.end) + key.slice(0, tagLength) + key.slice(TAG.end);
}
