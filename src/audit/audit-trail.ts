import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { AuditEvent, AuditFacts, AuditType } from './audit-event.js';
import { AuditIds } from './audit-id.js';
import { AUDIT_WINDOW_LENGTH, AuditRooms } from './audit-rooms.js';
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

/** Milliseconds after a repetition in which others join it, before the count is written. */
const COUNTING_DELAY = 1_000;

/** How many counts are written at a time. */
const COUNTS_AT_A_TIME = 50;

/** A row that may be repeated, and the repetitions that are not written yet. */
interface Row {
  readonly id: string;
  readonly isKept: Promise<boolean>;
  repetitions: number;
  lastAt: Date;
}

/**
 * Writes down what happened: each event as one line of the log, and then in the store, where repetitions are a count
 * (`AuditRooms`) that is written within a second.
 */
@Injectable()
export class AuditTrail implements BeforeApplicationShutdown {
  readonly #logger = new Logger('Audit');
  readonly #ids = new AuditIds();
  #window = 0;
  #rooms = new AuditRooms();
  #rows = new Map<string, Row>();
  #counting: NodeJS.Timeout | null = null;
  #isEnding = false;

  constructor(
    private readonly store: AuditStore,
    private readonly clock: Clock,
  ) {}

  /** Never fails: what has happened has happened, and an event that cannot be kept is logged with the reason. */
  async record(facts: AuditFacts, { connection: _, ...by }: Initiator = PROGRAM): Promise<void> {
    const at = this.clock.now();
    const id = this.#ids.next(at);
    const event = { id, at, count: 1, lastAt: at, sessionId: null, details: {}, ...facts, ...by };
    this.#enter(Math.floor(at.getTime() / AUDIT_WINDOW_LENGTH));
    const place = this.#rooms.placeOf(event);
    const row = place && this.#rows.get(place.key);
    this.#log({ ...event, id: row?.id ?? id });
    if (!place) return void (await this.#append(event));
    if (row) return this.#repeat(row, at);
    const isKept = this.#append(place.row);
    this.#rows.set(place.key, { id, isKept, repetitions: 0, lastAt: at });
    if (!(await isKept) && this.#rows.get(place.key)?.id === id) this.#rows.delete(place.key);
  }

  /** Writes the repetitions that are not written yet. */
  async flush(): Promise<void> {
    if (this.#counting) clearTimeout(this.#counting);
    this.#counting = null;
    await this.#write([...this.#rows.values()]);
  }

  /** From here on counts are written at once: the stores are closed soon. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#isEnding = true;
    await this.flush();
  }

  async #append(event: AuditEvent): Promise<boolean> {
    try {
      await this.store.append(event);
      return true;
    } catch (error) {
      this.#logger.error({ ...lineOf(event), kept: false, err: error });
      return false;
    }
  }

  async #repeat(row: Row, at: Date): Promise<void> {
    row.repetitions += 1;
    row.lastAt = at;
    if (this.#isEnding) await this.flush();
    else this.#counting ??= setTimeout(() => void this.flush(), COUNTING_DELAY).unref();
  }

  /** Of the window before, what is not written yet is written, and nothing is repeated any more. */
  #enter(window: number): void {
    if (window === this.#window) return;
    void this.#write([...this.#rows.values()]);
    this.#window = window;
    this.#rooms = new AuditRooms();
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

/** An event as a flat line, without what there is none of: each time it happens is a line, with the id of its row. */
function lineOf({ details, count: _, lastAt: __, ...event }: AuditEvent): object {
  return Object.fromEntries(Object.entries({ ...event, ...details }).filter(([, value]) => value !== null));
}
