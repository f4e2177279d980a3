import { invalid } from './domain-error.js';

/** A place in a list that is ordered by creation and then id. */
export interface Position {
  readonly createdAt: Date;
  readonly id: string;
}

/** A place in a list as an opaque word that a client hands back. */
export function toCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()}:${id}`).toString('base64url');
}

/** The place that a cursor stands for; `validation_failed` if it is none of ours. */
export function fromCursor(cursor: string): Position {
  const position = positionOf(cursor);
  if (!position)
    throw invalid(
      '/cursor',
      'This is not a cursor of this list. Use the `Next-Cursor` of the previous page.',
    );
  return position;
}

/** The place that a cursor stands for, or null if it is none of ours. */
export function positionOf(cursor: string): Position | null {
  const [, time, id] = /^(\d{1,16}):([\w-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const createdAt = new Date(Number(time));
  return id === undefined || Number.isNaN(createdAt.getTime()) ? null : { createdAt, id };
}
