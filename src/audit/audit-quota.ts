import { networkOf } from '../common/network.js';
import type { AuditEvent, AuditType } from './audit-event.js';

/** Milliseconds in which repetitions are counted together, and for which a quota holds. */
export const AUDIT_WINDOW_LENGTH = 600_000;

/** Rows for events of one type that one account, or one network without an account, may have in a window. */
export const ROWS_PER_SOURCE = 100;

/** Rows for events of one type that all networks without an account may have in a window, in each process. */
export const ROWS_WITHOUT_ACCOUNT = 500;

/** The types that clients can cause at will. Each event of any other type has its own row. */
const REPEATABLE: ReadonlySet<AuditType> = new Set([
  'sign_in_failed',
  'sign_in_throttled',
  'session_opened',
  'session_rotated',
  'session_renamed',
  'session_ended',
  'step_up_demanded',
  'reauthentication_failed',
  'password_change_failed',
  'password_reset_requested',
  'password_reset_failed',
  'email_change_requested',
  'email_token_refused',
  'mail_limited',
  'address_taken',
  'cross_site_refused',
  'right_refused',
  'setup_code_refused',
]);

/** The row that an event belongs to. */
export interface AuditPlace {
  /** The same for all events of one row. */
  readonly key: string;
  /** The event as the row has it, if it is the first. */
  readonly row: AuditEvent;
}

/**
 * Decides which events share a row, within one window: those that differ in time and request only. When a quota is used
 * up, the further events of that source, or of all networks without an account, share one row. Each type and each source
 * has its own quota.
 */
export class AuditQuota {
  readonly #keys = new Set<string>();
  readonly #used = new Map<string, number>();

  /** Null for an event that has its own row. */
  placeOf(event: AuditEvent): AuditPlace | null {
    const { type, via, actorId, subjectId, sessionId, details } = event;
    if (via === 'operator' || via === 'program' || !REPEATABLE.has(type)) return null;
    const source = actorId ?? networkOf(event.ip);
    const rest = { subjectId: null, sessionId: null, userAgent: null, requestId: null, details: {} };
    const bucket = [type, actorId === null ? 'network' : 'account', source];
    const shared = actorId === null ? [type, 'without account'] : null;
    return (
      this.#take([...bucket, via, subjectId, sessionId, details], event, bucket, shared) ??
      this.#take([...bucket, 'rest'], { ...event, ...rest }, null, shared) ?? {
        key: JSON.stringify([type, 'rest']),
        row: { ...event, ...rest, ip: null },
      }
    );
  }

  /** The place of an existing row, or of a new one if both quotas allow it; otherwise null. */
  #take(
    name: readonly unknown[],
    row: AuditEvent,
    bucket: readonly unknown[] | null,
    shared: readonly unknown[] | null,
  ): AuditPlace | null {
    const key = JSON.stringify(name);
    if (this.#keys.has(key)) return { key, row };
    const buckets: [string, number][] = [];
    if (bucket) buckets.push([JSON.stringify(bucket), ROWS_PER_SOURCE]);
    if (shared) buckets.push([JSON.stringify(shared), ROWS_WITHOUT_ACCOUNT]);
    if (buckets.some(([of, most]) => (this.#used.get(of) ?? 0) >= most)) return null;
    for (const [of] of buckets) this.#used.set(of, (this.#used.get(of) ?? 0) + 1);
    this.#keys.add(key);
    return { key, row };
  }
}
