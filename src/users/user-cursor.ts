import { invalid } from '../common/domain-error.js';
import type { UserPosition } from './user-store.js';

/** A place in the list of users as an opaque word that a client hands back. */
export function toCursor({ createdAt, id }: UserPosition): string {
  return Buffer.from(`${createdAt.getTime()}:${id}`).toString('base64url');
}

/** The place that a cursor stands for; `validation_failed` if it is none of ours. */
export function fromCursor(cursor: string): UserPosition {
  const [, time, id] = /^(\d{1,16}):([\w-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const createdAt = new Date(Number(time));
  if (id === undefined || Number.isNaN(createdAt.getTime()))
    throw invalid('/cursor', 'Not a cursor of this list.');
  return { createdAt, id };
}
