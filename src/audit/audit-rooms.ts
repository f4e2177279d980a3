import { networkOf } from '../common/network.js';
import type { AuditEvent, AuditType } from './audit-event.js';

/** Milliseconds in which repetitions are counted together, and in which there is so much room. */
export const AUDIT_WINDOW_LENGTH = 600_000;

/** Rows for events of one type that one account, or one network without an account, may have in a window. */
export const ROWS_PER_SOURCE = 100;

/** Rows for events of one type that all networks without an account may have in a window, in each process. */
export const ROWS_FOR_STRANGERS = 500;

/** What clients can cause as often as they like. Each event of any other type has a row of its own. */
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
  'password_reset_failed',
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
 * Decides which events share a row, within one window: those that differ in nothing but time and request, and where the
 * room is used up those of one source, or of all networks without an account. The rooms of types and sources are apart:
 * what fills one takes nothing from another.
 */
export class AuditRooms {
  readonly #keys = new Set<string>();
  readonly #used = new Map<string, number>();

  /** Null for an event that has a row of its own. */
  placeOf(event: AuditEvent): AuditPlace | null {
    const { type, via, actorId, subjectId, sessionId, details } = event;
    if (via !== 'http' || !REPEATABLE.has(type)) return null;
    const source = actorId ?? networkOf(event.ip);
    const rest = { subjectId: null, sessionId: null, userAgent: null, requestId: null, details: {} };
    const room = [type, actorId === null ? 'network' : 'account', source];
    const strangers = actorId === null ? [type, 'strangers'] : null;
    return (
      this.#take([...room, subjectId, sessionId, details], event, room, strangers) ??
      this.#take([...room, 'rest'], { ...event, ...rest }, null, strangers) ?? {
        key: JSON.stringify([type, 'rest']),
        row: { ...event, ...rest, ip: null },
      }
    );
  }

  /** The place of a row that is there, or is new and has room in each of two rooms. */
  #take(
    name: readonly unknown[],
    row: AuditEvent,
    room: readonly unknown[] | null,
    strangers: readonly unknown[] | null,
  ): AuditPlace | null {
    const key = JSON.stringify(name);
    if (this.#keys.has(key)) return { key, row };
    const rooms: [string, number][] = [];
    if (room) rooms.push([JSON.stringify(room), ROWS_PER_SOURCE]);
    if (strangers) rooms.push([JSON.stringify(strangers), ROWS_FOR_STRANGERS]);
    if (rooms.some(([of, most]) => (this.#used.get(of) ?? 0) >= most)) return null;
    for (const [of] of rooms) this.#used.set(of, (this.#used.get(of) ?? 0) + 1);
    this.#keys.add(key);
    return { key, row };
  }
}
