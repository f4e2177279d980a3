import type { AuditEvent, AuditType } from './audit-event.js';

/** Which events are asked for; null for any. */
export interface AuditFilter {
  /** Whoever did it or whom it concerns. */
  readonly userId: string | null;
  readonly type: AuditType | null;
}

/** Some of the events, newest first. */
export interface AuditPage {
  /** It may be empty while there are more: one step looks at a bounded number of events. */
  readonly events: AuditEvent[];
  /** What to list the rest before; null where there is none. */
  readonly next: string | null;
}

/** How many events one step of `list` looks at, at most. */
export const AUDIT_WINDOW = 10_000;

/**
 * Where events are kept, in the order of their ids, which is that of time. Every method is one atomic step; what it hands
 * out is a copy. A store that cannot answer throws `StoreUnavailableError`.
 */
export abstract class AuditStore {
  abstract append(event: AuditEvent): Promise<void>;
  /** Adds repetitions to the count of an event, and notes when the last one was; nothing where there is no such event. */
  abstract repeat(id: string, times: number, lastAt: Date): Promise<void>;
  /** Up to `limit` events with smaller ids than `before`, newest first. */
  abstract list(filter: AuditFilter, limit: number, before: string | null): Promise<AuditPage>;
  /** Forgets up to `limit` of the oldest events from before an instant, and says how many. */
  abstract forget(before: Date, limit: number): Promise<number>;
}
