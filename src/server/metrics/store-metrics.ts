import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.js';
import type { OutboxStore } from '../../mail/outbox-store.js';
import { type CountsLive, countsLive } from '../../sessions/live-count.js';
import type { SessionStore } from '../../sessions/session-store.js';
import { type Sample, register } from './registry.js';

/** Milliseconds for which a number from a store is used again. */
const VALIDITY = 10_000;

/** Milliseconds that a scrape waits for a new number. */
const PATIENCE = 1_000;

/** Sessions that are counted in one call, some milliseconds of work. */
const SESSIONS_PER_STEP = 1_000;

/** A pause is this many times as long as the step before it, so that a count takes 5 % of the time of a process at most. */
const PAUSE_FACTOR = 20;

/** A number that takes time to find. It is found at scrapes, and used again for some seconds. */
export class SlowNumber {
  #value: number | null = null;
  #isReadable = true;
  #foundAt = -Infinity;
  #finding: Promise<void> | null = null;

  constructor(private readonly find: () => Promise<number>) {}

  /** The last number; null if there is none yet, or if it could not be found at the last try. */
  async value(): Promise<number | null> {
    if (this.#finding === null && performance.now() - this.#foundAt >= VALIDITY)
      this.#finding = this.#update();
    if (this.#finding !== null)
      await Promise.race([this.#finding, delay(PATIENCE, undefined, { ref: false })]);
    return this.#isReadable ? this.#value : null;
  }

  /** Whether the last try has found the number. */
  get isReadable(): boolean {
    return this.#isReadable;
  }

  async #update(): Promise<void> {
    try {
      this.#value = await this.find();
      this.#isReadable = true;
    } catch {
      this.#isReadable = false;
    }
    this.#foundAt = performance.now();
    this.#finding = null;
  }
}

/** Counts the live sessions of a store in small steps. */
export async function countSessions(store: CountsLive, clock: Clock): Promise<number> {
  let total = 0;
  for (let from: string | null = null, isFirst = true; isFirst || from !== null; isFirst = false) {
    const start = performance.now();
    const page = await store.countLive(clock.now(), from, SESSIONS_PER_STEP);
    total += page.live;
    from = page.next;
    if (from !== null) await delay(PAUSE_FACTOR * (performance.now() - start), undefined, { ref: false });
  }
  return total;
}

/** Registers numbers that are in a store, and so the same for all workers: each is asked of one worker. */
export function watchStores(
  registry: Registry,
  { sessions, outbox, clock }: { sessions: SessionStore; outbox: OutboxStore | null; clock: Clock },
  isAsked: () => boolean,
): void {
  const numbers = new Map<string, SlowNumber>();
  const family = (subject: string, name: string, help: string, find: () => Promise<number>) => {
    const number = new SlowNumber(find);
    numbers.set(subject, number);
    register(registry, {
      name,
      help,
      type: 'gauge',
      aggregator: 'max',
      read: async () => (isAsked() ? samplesOf(await number.value()) : []),
    });
  };
  if (countsLive(sessions))
    family('sessions', 'coatcheck_sessions_active', 'Sessions and access tokens that are valid now.', () =>
      countSessions(sessions, clock),
    );
  if (outbox !== null) {
    family('outbox_waiting', 'coatcheck_outbox_waiting', 'Mails that wait to be sent.', () =>
      outbox.count('waiting'),
    );
    family('outbox_failed', 'coatcheck_outbox_failed', 'Mails that are not tried any more.', () =>
      outbox.count('failed'),
    );
  }
  register(registry, {
    name: 'coatcheck_store_readable',
    help: 'Whether the last try to read a number from a store succeeded. The number is missing while this is 0.',
    type: 'gauge',
    aggregator: 'max',
    read: async () => {
      if (!isAsked()) return [];
      await Promise.all([...numbers.values()].map((number) => number.value()));
      return [...numbers].map(([subject, { isReadable }]) => ({
        labels: { subject },
        value: Number(isReadable),
      }));
    },
  });
}

function samplesOf(value: number | null): Sample[] {
  return value === null ? [] : [{ labels: {}, value }];
}
