import { positionOf, toCursor } from '../../../common/cursor.js';
import { invalid } from '../../../common/domain-error.js';
import type { UserPosition, UserSort } from '../../../users/user-query.js';

/** The sentence for a cursor that is no position in a list of this order. */
export const NO_CURSOR =
  'This is not a cursor of this list in this order. Use the `Next-Cursor` of the previous page, with the same `sort`';

/** A position in a list of users as an opaque text. It contains the order, except for the default. */
export function toUserCursor(position: UserPosition, sort: UserSort): string {
  const cursor = toCursor(position);
  return sort === 'created' ? cursor : base64(`${sort}:${cursor}:${position.key}`);
}

/** The position of a cursor. Throws `validation_failed` if it is not a position in a list of this order. */
export function fromUserCursor(cursor: string, sort: UserSort): UserPosition {
  const position = userPositionOf(cursor, sort);
  if (!position) throw invalid('/cursor', `${NO_CURSOR}.`);
  return position;
}

/** The position of a cursor, or null if it is not a position in a list of this order. */
export function userPositionOf(cursor: string, sort: UserSort): UserPosition | null {
  if (sort === 'created') return withKey(cursor, '');
  const [, given, place, key] =
    /^(-?[a-z]+):([\w-]+):(.*)$/su.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return given === sort ? withKey(place!, key!) : null;
}

function withKey(cursor: string, key: string): UserPosition | null {
  const position = positionOf(cursor);
  return position && { ...position, key };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64url');
}
