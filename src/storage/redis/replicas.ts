import { BatchLoader } from '../batch-loader.js';
import { NotReplicatedError } from './connected-redis.js';

/** Milliseconds for which a lost replica still counts: it may have been promoted, and then writes here are lost. */
const MISSED_FOR = 5_000;

/** Seconds since its last acknowledgement after which a replica does not count. Replicas acknowledge every second. */
const LONGEST_LAG = 3;

type Wait = (replicas: number, ms: number) => Promise<number>;

/** Counts the replicas of one server and waits until they have received a write. */
export class Replicas {
  #counts: { readonly count: number; readonly at: number }[] = [];
  readonly #confirmations: BatchLoader<null, number>;

  /** Waits for at most `most` replicas and `waitTimeout` milliseconds. `wait` runs the command WAIT. */
  constructor(
    private readonly most: number,
    waitTimeout: number,
    wait: Wait,
  ) {
    this.#confirmations = new BatchLoader(async (callers) => {
      const count = await wait(this.#expected(), waitTimeout);
      return callers.map(() => count);
    });
  }

  /** Counts the replicas that are online, from the section `replication` of INFO. */
  note(info: string): void {
    const lags = [...info.matchAll(/^slave\d+:.*state=online.*lag=(\d+)/gm)].map(([, lag]) => Number(lag));
    const count = lags.filter((lag) => lag <= LONGEST_LAG).length;
    const now = performance.now();
    this.#counts = [...this.#counts.filter(({ at }) => now - at < MISSED_FOR), { count, at: now }];
  }

  /** Rejects unless all replicas have received the writes on the connection of `wait`. */
  async confirm(): Promise<void> {
    const expected = this.#expected();
    if (expected === 0) return;
    const count = await this.#confirmations.load(null).catch((cause: unknown) => {
      throw new NotReplicatedError('The replicas could not confirm a change.', { cause });
    });
    if (count < expected) throw new NotReplicatedError(`${count} of ${expected} replicas have a change.`);
  }

  #expected(): number {
    return Math.min(this.most, Math.max(0, ...this.#counts.map(({ count }) => count)));
  }
}
