import { type Insertable, type SelectQueryBuilder, type Selectable, sql } from 'kysely';
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
type NewRow = Insertable<Schema['audit_events']>;
type Events = SelectQueryBuilder<Schema, 'audit_events', Row>;

/**
 * Audit events in a table, whose primary key is in order of time. One condition of a filter selects events along an index in
 * that order; the others are checked on a window of those.
 */
export class SqlAuditStore extends AuditStore {
  readonly #inserts: CompiledInsert<NewRow>;

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
      const last = rows.length === wanted ? rows.at(-1)!.id : await this.#endOfWindow(filter, from);
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

  #find(filter: AuditFilter, limit: number, before: string | null): Promise<Row[]> {
    return this.database.run(() =>
      this.database.db
        .selectFrom(this.#selected(filter, before).limit(AUDIT_WINDOW).as('events'))
        .selectAll()
        .$if(filter.types.length > 0, (query) => query.where('type', 'in', filter.types))
        .$if(filter.reason !== null, (query) => query.where('reason', '=', filter.reason))
        .$if(filter.ip !== null, (query) => query.where('ip', '=', filter.ip))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),
    );
  }

  /** The id of the last event in the window, or null if there are no events after it. */
  async #endOfWindow(filter: AuditFilter, before: string | null): Promise<string | null> {
    const last = await this.database.run(() =>
      this.#selected(filter, before)
        .offset(AUDIT_WINDOW - 1)
        .limit(1)
        .executeTakeFirst(),
    );
    return last?.id ?? null;
  }

  /** The events that the most selective condition selects, newest first, read from an index for each of its values. */
  #selected({ userId, ip, reason, types, from, to }: AuditFilter, before: string | null): Events {
    const events = this.database.db
      .selectFrom('audit_events')
      .selectAll()
      .$if(before !== null, (query) => query.where('id', '<', before!))
      .$if(from !== null, (query) => query.where('id', '>=', firstIdAt(from!)))
      .$if(to !== null, (query) => query.where('id', '<', firstIdAt(to!)));
    const parts = (): Events[] => {
      if (userId !== null)
        return [
          events.where('subject_id', '=', userId),
          events.where('actor_id', '=', userId).where(IS_ABOUT_ANOTHER),
        ];
      if (ip !== null) return [events.where('ip', '=', ip)];
      if (reason !== null) return [events.where('reason', '=', reason)];
      return types.length > 0 ? [...new Set(types)].map((type) => events.where('type', '=', type)) : [events];
    };
    return parts()
      .reduce((all, part) => all.unionAll(part))
      .orderBy('id', 'desc');
  }
}

/** The condition of the index of actors, word for word. */
const IS_ABOUT_ANOTHER = sql<boolean>`actor_id is not null and (subject_id is null or subject_id <> actor_id)`;

function toRow(event: AuditEvent): NewRow {
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
