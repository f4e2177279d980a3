import { fromCursor, toCursor } from '../../../common/cursor.js';
import type { ResponseHeaders } from '../../../auth/exchange/response-headers.js';
import { linkToNext } from '../../page.dto.js';
import type { Session, SessionOwner } from '../../../sessions/session.js';
import type { SessionsService } from '../../../sessions/sessions.service.js';
import type { ListSessionsDto } from './list-sessions.dto.js';

/** The requested page of a user's sessions, newest first. Sets the headers for the next page. */
export async function pageOf(
  sessions: SessionsService,
  owner: SessionOwner,
  { limit = 100, cursor, kind }: ListSessionsDto,
  headers: ResponseHeaders,
): Promise<Session[]> {
  const after = cursor === undefined ? null : fromCursor(cursor);
  const found = await sessions.list(owner, { limit: limit + 1, after, kind: kind ?? null });
  const page = found.slice(0, limit);
  if (found.length > limit) linkToNext(headers, { limit, kind, cursor: toCursor(page.at(-1)!) });
  return page;
}
