import { type BeforeApplicationShutdown, Injectable, Logger, Optional } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { checkNeeds } from '../common/needs.js';
import type { AuditEvent, AuditFacts, AuditType } from './audit-event.js';
import { OrderedIds } from '../common/ordered-ids.js';
import { AUDIT_WINDOW_LENGTH, AuditQuota } from './audit-quota.js';
import { AuditStore } from './audit-store.js';
import { type Initiator, PROGRAM } from './initiator.js';

/** The types that are logged as warnings. */
const ALARMING: ReadonlySet<AuditType> = new Set([
  'sign_in_failed',
  'sign_in_throttled',
  'reauthentication_failed',
  'password_change_failed',
  'password_reset_failed',
  'email_token_refused',
  'cross_site_refused',
  'right_refused',
  'setup_code_refused',
]);

/** Milliseconds between a repetition and the write of its count. Later repetitions join it. */
const COUNTING_DELAY = 1_000;

/** How many counts are written at the same time. */
const COUNTS_AT_A_TIME = 50;

/** A row that may be repeated, and the repetitions that are not written yet. */
interface Row {
  readonly id: string;
  readonly isKept: Promise<boolean>;
  repetitions: number;
  lastAt: Date;
}

/**
 * Records security events: each as one line of the log, then in the store, where repetitions (`AuditQuota`) are a count that
 * is written within a second.
 */
@Injectable()
export class AuditTrail implements BeforeApplicationShutdown {
  readonly #logger = new Logger('Audit');
  readonly #ids = new OrderedIds();
  #window = 0;
  #quota = new AuditQuota();
  #rows = new Map<string, Row>();
  #counting: NodeJS.Timeout | null = null;
  #isEnding = false;

  constructor(
    @Optional() private readonly store: AuditStore,
    private readonly clock: Clock,
  ) {
    checkNeeds('AuditModule', { AuditStore: store });
  }

  /** Stores new events in one step. Never throws. Events that cannot be stored are logged with the reason. */
  async record(
    facts: AuditFacts | readonly AuditFacts[],
    { connection: _, languages: _languages, ...by }: Initiator = PROGRAM,
  ): Promise<void> {
    const at = this.clock.now();
    this.#enter(Math.floor(at.getTime() / AUDIT_WINDOW_LENGTH));
    const fresh: AuditEvent[] = [];
    const rows: Row[] = [];
    let settle: (isKept: boolean) => void = () => {};
    const isKept = new Promise<boolean>((resolve) => (settle = resolve));
    for (const one of [facts].flat()) {
      const id = this.#ids.next(at);
      const event = { id, at, count: 1, lastAt: at, sessionId: null, details: {}, ...one, ...by };
      const place = this.#quota.placeOf(event);
      const row = place && this.#rows.get(place.key);
      this.#log({ ...event, id: row?.id ?? id });
      if (row) rows.push(row);
      else fresh.push(place?.row ?? event);
      if (place && !row) this.#rows.set(place.key, { id, isKept, repetitions: 0, lastAt: at });
    }
    settle(await this.#append(fresh));
    if (!(await isKept)) this.#forget(fresh);
    if (rows.length > 0) await this.#repeat(rows, at);
  }

  /** Writes the repetitions that are not written yet. */
  async flush(): Promise<void> {
    if (this.#counting) clearTimeout(this.#counting);
    this.#counting = null;
    await this.#write([...this.#rows.values()]);
  }

  /** From now on counts are written at once, because the stores close soon. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#isEnding = true;
    await this.flush();
  }

  async #append(events: readonly AuditEvent[]): Promise<boolean> {
    if (events.length === 0) return true;
    try {
      await this.store.append(...events);
      return true;
    } catch (error) {
      for (const event of events) this.#logger.error({ ...lineOf(event), kept: false, err: error });
      return false;
    }
  }

  /** Forgets the rows of events that could not be stored. */
  #forget(events: readonly AuditEvent[]): void {
    const ids = new Set(events.map(({ id }) => id));
    for (const [key, { id }] of this.#rows) if (ids.has(id)) this.#rows.delete(key);
  }

  async #repeat(rows: readonly Row[], at: Date): Promise<void> {
    for (const row of rows) {
      row.repetitions += 1;
      row.lastAt = at;
    }
    if (this.#isEnding) await this.flush();
    else this.#counting ??= setTimeout(() => void this.flush(), COUNTING_DELAY).unref();
  }

  /** Begins a new window: writes the counts of the previous one, whose rows get no more repetitions. */
  #enter(window: number): void {
    if (window === this.#window) return;
    void this.#write([...this.#rows.values()]);
    this.#window = window;
    this.#quota = new AuditQuota();
    this.#rows = new Map();
  }

  async #write(rows: readonly Row[]): Promise<void> {
    const repeated = rows.filter(({ repetitions }) => repetitions > 0);
    for (let start = 0; start < repeated.length; start += COUNTS_AT_A_TIME)
      await Promise.all(repeated.slice(start, start + COUNTS_AT_A_TIME).map((row) => this.#count(row)));
  }

  async #count(row: Row): Promise<void> {
    if (!(await row.isKept)) return;
    const { id, repetitions, lastAt } = row;
    if (repetitions === 0) return;
    row.repetitions = 0;
    try {
      await this.store.repeat(id, repetitions, lastAt);
    } catch (error) {
      row.repetitions += repetitions;
      this.#logger.error({ id, repetitions, kept: false, err: error });
    }
  }

  #log(event: AuditEvent): void {
    const line = lineOf(event);
    if (ALARMING.has(event.type)) this.#logger.warn(line);
    else this.#logger.log(line);
  }
}

/** An event as a flat object without null values. Each occurrence is one log line with the id of its row. */
function lineOf({ details, count: _, lastAt: __, ...event }: AuditEvent): object {
  return Object.fromEntries(Object.entries({ ...event, ...details }).filter(([, value]) => value !== null));
}
