import type { AuditEvent, AuditType } from '../../audit/audit-event.js';
import { firstIdAt } from '../../common/ordered-ids.js';
import {
  ALL_EVENTS,
  AUDIT_WINDOW,
  type AuditCount,
  type AuditFilter,
  type AuditPage,
  type AuditSpan,
  AuditStore,
} from '../../audit/audit-store.js';
import { AuditCounts } from '../audit-counts.js';

/** The newest audit events, in the memory of this process. Older events are dropped. */
export class MemoryAuditStore extends AuditStore {
  /** In order of id. */
  #events: AuditEvent[] = [];

  async append(...events: readonly AuditEvent[]): Promise<void> {
    for (const event of events.map(copyOf)) {
      const place = this.#events.findLastIndex(({ id }) => id < event.id) + 1;
      this.#events.splice(place, 0, event);
    }
    this.#events.splice(0, this.#events.length - AUDIT_WINDOW);
  }

  async repeat(id: string, times: number, lastAt: Date): Promise<void> {
    const place = this.#events.findLastIndex((event) => event.id <= id);
    const event = this.#events[place];
    if (event?.id === id)
      this.#events[place] = { ...event, count: event.count + times, lastAt: new Date(lastAt) };
  }

  async list(filter: AuditFilter, limit: number, before: string | null): Promise<AuditPage> {
    const found = this.#events
      .filter((event) => (before === null || event.id < before) && matches(event, filter))
      .toReversed();
    const events = found.slice(0, limit).map(copyOf);
    return { events, next: found.length > limit ? events.at(-1)!.id : null };
  }

  async countBy({ from, to, step }: AuditSpan, types: readonly AuditType[]): Promise<AuditCount[]> {
    const counts = new AuditCounts();
    const filter = { ...ALL_EVENTS, from, to, types };
    for (const event of this.#events)
      if (matches(event, filter)) {
        const interval = Math.floor((event.at.getTime() - from.getTime()) / step);
        counts.add(interval, event.type, event.details.reason ?? null, event.count);
      }
    return counts.all;
  }

  async forget(before: Date, limit: number): Promise<number> {
    const first = firstIdAt(before);
    const old = this.#events.findIndex(({ id }) => id >= first);
    const count = Math.min(old === -1 ? this.#events.length : old, limit);
    this.#events.splice(0, count);
    return count;
  }
}

function matches(event: AuditEvent, { userId, types, reason, ip, from, to }: AuditFilter): boolean {
  return (
    (userId === null || event.actorId === userId || event.subjectId === userId) &&
    (types.length === 0 || types.includes(event.type)) &&
    (reason === null || event.details.reason === reason) &&
    (ip === null || event.ip === ip) &&
    (from === null || event.id >= firstIdAt(from)) &&
    (to === null || event.id < firstIdAt(to))
  );
}

function copyOf(event: AuditEvent): AuditEvent {
  return { ...event, at: new Date(event.at), lastAt: new Date(event.lastAt), details: { ...event.details } };
}
