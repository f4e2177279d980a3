import { TAG } from '../../sessions/session-token.js';

/** A session's id with the user's tag first: in the order of these, a user's sessions are neighbours. */
export function keyOf(id: string): string {
  return id.slice(TAG.start, TAG.end) + id.slice(0, TAG.start) + id.slice(TAG.end);
}

/** The id that a key was made of. */
export function idOf(key: string): string {
  const tagLength = TAG.end - TAG.start;
  return key.slice(tagLength, TAG.end) + key.slice(0, tagLength) + key.slice(TAG.end);
}
