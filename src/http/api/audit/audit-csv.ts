import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { AuditEvent } from '../../../audit/audit-event.js';
import type { AuditFilter, AuditStore } from '../../../audit/audit-store.js';
import { csvLine, type CsvValue } from '../../csv.js';

/** Events that are read and kept in memory at a time. */
const PAGE = 500;

/** Milliseconds after which an export is ended that a client reads too slowly. */
const LONGEST = 600_000;

const COLUMNS: Readonly<Record<string, (event: AuditEvent) => CsvValue>> = {
  id: ({ id }) => id,
  at: ({ at }) => at.toISOString(),
  last_at: ({ lastAt }) => lastAt.toISOString(),
  count: ({ count }) => count,
  type: ({ type }) => type,
  reason: ({ details }) => details.reason,
  method: ({ details }) => details.method,
  actor_id: ({ actorId }) => actorId,
  subject_id: ({ subjectId }) => subjectId,
  session_id: ({ sessionId }) => sessionId,
  via: ({ via }) => via,
  ip: ({ ip }) => ip,
  user_agent: ({ userAgent }) => userAgent,
  request_id: ({ requestId }) => requestId,
  factor: ({ details }) => details.factor,
  kind: ({ details }) => details.kind,
  transport: ({ details }) => details.transport,
  mail: ({ details }) => details.mail,
  role: ({ details }) => details.role,
  from: ({ details }) => details.from,
  to: ({ details }) => details.to,
  route: ({ details }) => details.route,
};

/** The first record, with the names of the columns. */
export const AUDIT_CSV_HEADER = csvLine(Object.keys(COLUMNS));

/**
 * The events that match, newest first, as CSV. Throws if the first page cannot be read; the stream fails if a later one cannot, or if the
 * client reads it too slowly. It reads a page when the client has taken the one before, and none after it was destroyed.
 */
export async function auditCsv(store: AuditStore, filter: AuditFilter): Promise<Readable> {
  const first = await store.list(filter, PAGE, null);
  const stream: Readable = Readable.from(pages());
  const deadline = setTimeout(
    () => stream.destroy(new Error(`The export took longer than ${LONGEST / 60_000} minutes.`)),
    LONGEST,
  ).unref();
  return stream.once('close', () => clearTimeout(deadline));

  async function* pages(): AsyncGenerator<string> {
    yield AUDIT_CSV_HEADER;
    for (let page = first; ; page = await store.list(filter, PAGE, page.next)) {
      if (page.events.length > 0) yield page.events.map(lineOf).join('');
      if (page.next === null || stream.destroyed) return;
      await setImmediate();
    }
  }
}

function lineOf(event: AuditEvent): string {
  return csvLine(Object.values(COLUMNS).map((valueOf) => valueOf(event)));
}
