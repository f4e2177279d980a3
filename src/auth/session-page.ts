import type { Response } from 'express';
import { type Position, fromCursor, toCursor } from '../common/cursor.js';
import { linkToNext } from '../common/page.dto.js';
import type { Session } from '../sessions/session.js';
import type { ListSessionsDto } from './dto/list-sessions.dto.js';

/** The part of a user's sessions that a query asks for, newest first; headers name the next. */
export function pageOf(
  sessions: readonly Session[],
  { limit = 100, cursor, kind }: ListSessionsDto,
  response: Response,
): Session[] {
  const last = cursor === undefined ? null : fromCursor(cursor);
  const rest = sessions
    .filter((session) => (kind === undefined || session.kind === kind) && (!last || order(last, session) < 0))
    .toSorted(order);
  const page = rest.slice(0, limit);
  if (rest.length > limit) linkToNext(response, { limit, kind, cursor: toCursor(page.at(-1)!) });
  return page;
}

/** Newest first; of those of one millisecond in the order of their ids. */
function order(a: Position, b: Position): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? -1 : Number(a.id > b.id));
}
