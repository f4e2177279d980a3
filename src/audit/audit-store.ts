import type { AuditEvent, AuditReason, AuditType } from './audit-event.js';

/** Which events to list: those that match everything that is given. */
export interface AuditFilter {
  /** The user who caused the event or whom it concerns; null for any. */
  readonly userId: string | null;
  /** One of these types; empty for any. */
  readonly types: readonly AuditType[];
  /** The reason in the details; null for any event, also without one. */
  readonly reason: AuditReason | null;
  /** The address of the client, as events have it; null for any. */
  readonly ip: string | null;
  /** Events that happened first at this time or later; null for all. */
  readonly from: Date | null;
  /** Events that happened first before this time; null for all. */
  readonly to: Date | null;
}

/** The filter that every event matches. */
export const ALL_EVENTS: AuditFilter = {
  userId: null,
  types: [],
  reason: null,
  ip: null,
  from: null,
  to: null,
};

/** A page of events, newest first. */
export interface AuditPage {
  /** Can be empty although there are more events: one call looks at a bounded number. */
  readonly events: AuditEvent[];
  /** The `before` of the next page; null if there is none. */
  readonly next: string | null;
}

/** The largest number of events that one call of `list` looks at, of those that one of its conditions selects. */
export const AUDIT_WINDOW = 10_000;

/** A time that is divided into intervals of equal length; the last one can be shorter. */
export interface AuditSpan {
  readonly from: Date;
  /** Not part of it. */
  readonly to: Date;
  /** Milliseconds of an interval. */
  readonly step: number;
}

/** How often events of one type and reason happened within one interval. */
export interface AuditCount {
  /** The number of the interval, from zero. */
  readonly interval: number;
  readonly type: AuditType;
  /** Null if the events have no reason. */
  readonly reason: AuditReason | null;
  readonly count: number;
}

/**
 * Stores events in order of their ids, which is the order of time. Every method is one atomic step and returns copies. A
 * store that cannot answer throws `StoreUnavailableError`.
 */
export abstract class AuditStore {
  /** Stores all of these events, or none of them. */
  abstract append(...events: readonly AuditEvent[]): Promise<void>;
  /** Adds repetitions to the count of an event and sets the time of the last one. Does nothing if there is no such event. */
  abstract repeat(id: string, times: number, lastAt: Date): Promise<void>;
  /** Up to `limit` events with smaller ids than `before`, newest first. */
  abstract list(filter: AuditFilter, limit: number, before: string | null): Promise<AuditPage>;
  /**
   * How often events of these types (empty for all) happened, by intervals, types and reasons, in any order; without those that did
   * not happen. An event that is repeated counts at its first time as often as it happened. Reads many events in several steps,
   * between which other work goes on.
   */
  abstract countBy(span: AuditSpan, types: readonly AuditType[]): Promise<AuditCount[]>;
  /** Deletes up to `limit` of the oldest events before an instant and returns their number. */
  abstract forget(before: Date, limit: number): Promise<number>;
}
