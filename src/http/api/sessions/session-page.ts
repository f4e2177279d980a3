import type { Response } from 'express';
import { fromCursor, toCursor } from '../../../common/cursor.js';
import { linkToNext } from '../../page.dto.js';
import type { Session } from '../../../sessions/session.js';
import type { SessionsService } from '../../../sessions/sessions.service.js';
import type { User } from '../../../users/user.js';
import type { ListSessionsDto } from './list-sessions.dto.js';

/** The page of a user's sessions that a query asks for, newest first; headers name the next. */
export async function pageOf(
  sessions: SessionsService,
  user: User,
  { limit = 100, cursor, kind }: ListSessionsDto,
  response: Response,
): Promise<Session[]> {
  const after = cursor === undefined ? null : fromCursor(cursor);
  const found = await sessions.list(user, { limit: limit + 1, after, kind: kind ?? null });
  const page = found.slice(0, limit);
  if (found.length > limit) linkToNext(response, { limit, kind, cursor: toCursor(page.at(-1)!) });
  return page;
}
