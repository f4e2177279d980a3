import { invalid } from './domain-error.js';

/** A position in a list that is ordered by creation, then id. */
export interface Position {
  readonly createdAt: Date;
  readonly id: string;
}

/** A position in a list as an opaque text, which a client sends back. */
export function toCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()}:${id}`).toString('base64url');
}

/** The position of a cursor. Throws `validation_failed` if the cursor is not valid. */
export function fromCursor(cursor: string): Position {
  const position = positionOf(cursor);
  if (!position)
    throw invalid(
      '/cursor',
      'This is not a cursor of this list. Use the `Next-Cursor` of the previous page.',
    );
  return position;
}

/** The position of a cursor, or null if the cursor is not valid. */
export function positionOf(cursor: string): Position | null {
  const [, time, id] = /^(\d{1,16}):([\w-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const createdAt = new Date(Number(time));
  return id === undefined || Number.isNaN(createdAt.getTime()) ? null : { createdAt, id };
}
