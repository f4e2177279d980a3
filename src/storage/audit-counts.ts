import type { AuditReason, AuditType } from '../audit/audit-event.js';
import type { AuditCount } from '../audit/audit-store.js';

/** Adds up counts of events. */
export class AuditCounts {
  readonly #sums = new Map<string, AuditCount>();

  add(interval: number, type: AuditType, reason: AuditReason | null, count: number): void {
    const key = `${interval} ${type} ${reason}`;
    const sum = (this.#sums.get(key)?.count ?? 0) + count;
    this.#sums.set(key, { interval, type, reason, count: sum });
  }

  get all(): AuditCount[] {
    return [...this.#sums.values()];
  }
}
