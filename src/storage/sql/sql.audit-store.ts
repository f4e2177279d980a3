import { setImmediate } from 'node:timers/promises';
import { type SelectQueryBuilder, type Selectable, sql } from 'kysely';
import {
  AUDIT_REASONS,
  AUDIT_TYPES,
  type AuditDetails,
  type AuditEvent,
  type AuditReason,
  type AuditType,
} from '../../audit/audit-event.js';
import { firstIdAt } from '../../common/ordered-ids.js';
import { isUuidV7 } from '../../common/uuid-v7.js';
import {
  type AuditCount,
  type AuditFilter,
  type AuditPage,
  type AuditSpan,
  AuditStore,
} from '../../audit/audit-store.js';
import { AuditCounts } from '../audit-counts.js';
import { jsonIn } from '../../common/json.js';
import { readableEvent } from '../readable.js';
import { CompiledInsert } from './compiled-insert.js';
import type { Schema } from './schema.js';
import type { SqlDatabase } from './sql.database.js';

type Row = Selectable<Schema['audit_events']>;
type Events = SelectQueryBuilder<Schema, 'audit_events', Row>;

/** How many events one call of `list` looks at, of those that one of several conditions selects. */
const WINDOW = 2_000;

/** How many events are added up at a time. */
const EVENTS_AT_A_TIME = 10_000;

interface Sum {
  readonly interval: number;
  readonly reason: string | null;
  /** A sum on PostgreSQL is a text. */
  readonly count: number | string;
  readonly events: number;
  readonly last: string;
}

/**
 * Audit events in a table, whose primary key is in order of time. One condition of a filter selects events along an index in
 * that order; the others are checked on a window of those.
 */
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
      const last = rows.length === wanted ? rows.at(-1)!.id : await this.#endOfWindow(filter, from);
      if (last === null || (rows.length < wanted && isUuidV7(last))) return { events, next: last };
      from = last;
    }
  }

  /** Reads the index of types, one after another. Skips values that cannot be read. */
  async countBy(span: AuditSpan, types: readonly AuditType[]): Promise<AuditCount[]> {
    const counts = new AuditCounts();
    for (const type of types.length > 0 ? new Set(types) : AUDIT_TYPES)
      for (let after: string | null = firstIdAt(span.from); after !== null;) {
        const sums = await this.#sumsAfter(after, span, type);
        for (const { interval, reason, count } of sums)
          if (Number(count) > 0) counts.add(interval, type, isReason(reason) ? reason : null, Number(count));
        const isFull = sums.reduce((read, { events }) => read + events, 0) === EVENTS_AT_A_TIME;
        after = isFull ? sums.map(({ last }) => last).reduce((a, b) => (a > b ? a : b)) : null;
        await setImmediate(); // SQLite answers at once
      }
    return counts.all;
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

  /** The sums of the next events of a type after an id, by interval and reason. */
  #sumsAfter(id: string, { from, to, step }: AuditSpan, type: AuditType): Promise<Sum[]> {
    const [start, end] = [sql.lit(from.getTime()), sql.lit(to.getTime())];
    return this.database.run(() =>
      this.database.db
        .selectFrom(
          this.database.db
            .selectFrom('audit_events')
            .select(['id', 'at', 'reason', 'count'])
            .where('type', '=', type)
            .where('id', '>', id)
            .where('id', '<', firstIdAt(to))
            .orderBy('id')
            .limit(EVENTS_AT_A_TIME)
            .as('events'),
        )
        .select([
          sql<number>`(at - ${start}) / ${sql.lit(step)}`.as('interval'),
          'reason',
          sql<number | string>`sum(case when at >= ${start} and at < ${end} and count > 0 and count < 1e9
            then count else 0 end)`.as('count'),
          sql<number>`count(*)`.as('events'),
          sql<string>`max(id)`.as('last'),
        ])
        .groupBy([sql`1`, sql`2`])
        .execute(),
    );
  }

  #find(filter: AuditFilter, limit: number, before: string | null): Promise<Row[]> {
    if (!isCombined(filter)) return this.database.run(() => this.#selected(filter, before, limit).execute());
    return this.database.run(() =>
      this.database.db
        .selectFrom(this.#selected(filter, before, WINDOW).as('events'))
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
    if (!isCombined(filter)) return null;
    const last = await this.database.run(() =>
      this.#selected(filter, before, WINDOW)
        .offset(WINDOW - 1)
        .limit(1)
        .executeTakeFirst(),
    );
    return last?.id ?? null;
  }

  /** The events that the most selective condition selects, newest first, read from an index for each of its values. */
  #selected(
    { userId, ip, reason, types, from, to }: AuditFilter,
    before: string | null,
    limit: number,
  ): Events {
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
    // PostgreSQL reads and sorts all of each part unless each has a limit of its own.
    const newest = (part: Events) => part.orderBy('id', 'desc').limit(limit);
    const [first, ...others] = parts();
    if (others.length === 0) return newest(first!);
    const limited = [first!, ...others].map(
      (part) => this.database.db.selectFrom(newest(part).as('audit_events')).selectAll() as Events,
    );
    return newest(limited.reduce((all, part) => all.unionAll(part)));
  }
}

/** Whether there are conditions besides the one that selects. */
function isCombined({ userId, ip, reason, types }: AuditFilter): boolean {
  return [userId, ip, reason, types[0] ?? null].filter((condition) => condition !== null).length > 1;
}

/** The condition of the index of actors, word for word. */
const IS_ABOUT_ANOTHER = sql<boolean>`actor_id is not null and (subject_id is null or subject_id <> actor_id)`;

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
    reason: event.details.reason ?? null,
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

function isReason(text: string | null): text is AuditReason {
  return (AUDIT_REASONS as readonly (string | null)[]).includes(text);
}
