import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { AuditEvent, AuditFacts, AuditType } from './audit-event.js';
import { AuditIds } from './audit-id.js';
import { AuditStore } from './audit-store.js';
import { type Initiator, PROGRAM } from './initiator.js';

/** What somebody should look at when there is much of it. */
const ALARMING: ReadonlySet<AuditType> = new Set([
  'sign_in_failed',
  'sign_in_throttled',
  'reauthentication_failed',
  'password_change_failed',
  'password_reset_failed',
  'cross_site_refused',
  'right_refused',
  'setup_code_refused',
]);

/** How many events a minute that strangers cause are kept by each process: more would fill the disk. */
export const STRANGERS_PER_MINUTE = 1000;

const MINUTE = 60_000;

/** Writes down what happened: each event as one line of the log, and then in the store. */
@Injectable()
export class AuditTrail {
  readonly #logger = new Logger('Audit');
  readonly #ids = new AuditIds();
  #minute = 0;
  #strangers = 0;

  constructor(
    private readonly store: AuditStore,
    private readonly clock: Clock,
  ) {}

  /** Never fails: what has happened has happened, and an event that cannot be kept is logged with the reason. */
  async record(facts: AuditFacts, by: Initiator = PROGRAM): Promise<void> {
    const at = this.clock.now();
    const event = { id: this.#ids.next(at), at, sessionId: null, details: {}, ...facts, ...by };
    const isKept = this.#hasRoom(event);
    this.#log(event, isKept);
    if (!isKept) return;
    try {
      await this.store.append(event);
    } catch (error) {
      this.#logger.error({ ...lineOf(event), kept: false, err: error });
    }
  }

  #hasRoom({ via, actorId, at }: AuditEvent): boolean {
    if (via !== 'http' || actorId !== null) return true;
    const minute = Math.floor(at.getTime() / MINUTE);
    if (minute !== this.#minute) this.#strangers = 0;
    this.#minute = minute;
    this.#strangers += 1;
    return this.#strangers <= STRANGERS_PER_MINUTE;
  }

  #log(event: AuditEvent, isKept: boolean): void {
    const line = { ...lineOf(event), ...(!isKept && { kept: false }) };
    if (ALARMING.has(event.type)) this.#logger.warn(line);
    else this.#logger.log(line);
  }
}

/** An event as a flat line, without what there is none of. */
function lineOf({ details, ...event }: AuditEvent): object {
  return Object.fromEntries(Object.entries({ ...event, ...details }).filter(([, value]) => value !== null));
}
