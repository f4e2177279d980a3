import type { Selectable } from 'kysely';
import type { AuditDetails, AuditEvent, AuditType } from '../../audit/audit-event.js';
import { firstIdAt } from '../../common/ordered-ids.js';
import { isUuidV7 } from '../../common/uuid-v7.js';
import { AUDIT_WINDOW, type AuditFilter, type AuditPage, AuditStore } from '../../audit/audit-store.js';
import { jsonIn } from '../../common/json.js';
import { readableEvent } from '../readable.js';
import { CompiledInsert } from './compiled-insert.js';
import type { Schema } from './schema.js';
import type { SqlDatabase } from './sql.database.js';

type Row = Selectable<Schema['audit_events']>;

/** Audit events in a table. The primary key is in order of time and is the only index; a query reads a part of it. */
export class SqlAuditStore extends AuditStore {
  readonly #inserts: CompiledInsert<Row>;

  constructor(private readonly database: SqlDatabase) {
    super();
    this.#inserts = new CompiledInsert((row) => database.db.insertInto('audit_events').values(row).compile());
  }

  async append(...events: readonly AuditEvent[]): Promise<void> {
    const [first, ...others] = events.map(toRow);
    await this.database.write<unknown>((db) =>
      others.length === 0
        ? this.#inserts.insert(db, first!)
        : db
            .insertInto('audit_events')
            .values([first!, ...others])
            .execute(),
    );
  }

  async repeat(id: string, times: number, lastAt: Date): Promise<void> {
    await this.database.write((db) =>
      db
        .updateTable('audit_events')
        .set((row) => ({ count: row('count', '+', times), last_at: lastAt.getTime() }))
        .where('id', '=', id)
        .execute(),
    );
  }

  /** Skips rows that cannot be read; no cursor points to one. */
  async list(filter: AuditFilter, limit: number, before: string | null): Promise<AuditPage> {
    const events: AuditEvent[] = [];
    for (let from = before; ;) {
      const wanted = limit + 1 - events.length;
      const rows = await this.#find(filter, wanted, from);
      events.push(...rows.flatMap((row) => readableEvent(toEvent(row)) ?? []));
      if (events.length > limit) return { events: events.slice(0, limit), next: events[limit - 1]!.id };
      const last = rows.length === wanted ? rows.at(-1)!.id : await this.#endOfWindow(from);
      if (last === null || (rows.length < wanted && isUuidV7(last))) return { events, next: last };
      from = last;
    }
  }

  async forget(before: Date, limit: number): Promise<number> {
    const { numDeletedRows } = await this.database.write((db) =>
      db
        .deleteFrom('audit_events')
        .where('id', 'in', (events) =>
          events
            .selectFrom('audit_events')
            .select('id')
            .where('id', '<', firstIdAt(before))
            .orderBy('id')
            .limit(limit),
        )
        .executeTakeFirst(),
    );
    return Number(numDeletedRows);
  }

  #find({ userId, type }: AuditFilter, limit: number, before: string | null): Promise<Row[]> {
    return this.database.run(() =>
      this.database.db
        .selectFrom(this.#before(before).selectAll().limit(AUDIT_WINDOW).as('events'))
        .selectAll()
        .$if(userId !== null, (query) =>
          query.where((or) => or.or([or('actor_id', '=', userId), or('subject_id', '=', userId)])),
        )
        .$if(type !== null, (query) => query.where('type', '=', type!))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),
    );
  }

  /** The id of the last event in the window, or null if the table ends before. */
  async #endOfWindow(before: string | null): Promise<string | null> {
    const last = await this.database.run(() =>
      this.#before(before)
        .select('id')
        .offset(AUDIT_WINDOW - 1)
        .limit(1)
        .executeTakeFirst(),
    );
    return last?.id ?? null;
  }

  /** Newest first. */
  #before(id: string | null) {
    return this.database.db
      .selectFrom('audit_events')
      .$if(id !== null, (query) => query.where('id', '<', id!))
      .orderBy('id', 'desc');
  }
}

function toRow(event: AuditEvent): Row {
  return {
    id: event.id,
    at: event.at.getTime(),
    count: event.count,
    last_at: event.lastAt.getTime(),
    type: event.type,
    via: event.via,
    actor_id: event.actorId,
    subject_id: event.subjectId,
    session_id: event.sessionId,
    ip: event.ip,
    user_agent: event.userAgent,
    request_id: event.requestId,
    details: JSON.stringify(event.details),
  };
}

function toEvent(row: Row): AuditEvent {
  return {
    id: row.id,
    at: new Date(row.at),
    count: row.count,
    lastAt: new Date(row.last_at ?? row.at),
    type: row.type as AuditType,
    via: row.via as AuditEvent['via'],
    actorId: row.actor_id,
    subjectId: row.subject_id,
    sessionId: row.session_id,
    ip: row.ip,
    userAgent: row.user_agent,
    requestId: row.request_id,
    details: jsonIn(row.details) as AuditDetails,
  };
}
