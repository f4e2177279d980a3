import { BatchLoader } from '../batch-loader.js';
import { NotReplicatedError } from './connected-redis.js';

/**
 * Milliseconds for which a replica that has left is still waited for. It may have been promoted: then what is written here is
 * lost, and these connections are about to be replaced.
 */
const MISSED_FOR = 5_000;

/** A replica acknowledges every second; one that has not for longer than these seconds does not answer. */
const LONGEST_LAG = 3;

type Wait = (replicas: number, ms: number) => Promise<number>;

/** The replicas of one server: how many there are, and whether they have what was written. */
export class Replicas {
  #counts: { readonly count: number; readonly at: number }[] = [];
  readonly #confirmations: BatchLoader<null, number>;

  /** Waits for `most` replicas at most, and for as many milliseconds. `wait` is the command of Redis. */
  constructor(
    private readonly most: number,
    patience: number,
    wait: Wait,
  ) {
    this.#confirmations = new BatchLoader(async (callers) => {
      const count = await wait(this.#expected(), patience);
      return callers.map(() => count);
    });
  }

  /** Notes what the server says of its replicas: the section `replication` of INFO. */
  note(info: string): void {
    const lags = [...info.matchAll(/^slave\d+:.*state=online.*lag=(\d+)/gm)].map(([, lag]) => Number(lag));
    const count = lags.filter((lag) => lag <= LONGEST_LAG).length;
    const now = performance.now();
    this.#counts = [...this.#counts.filter(({ at }) => now - at < MISSED_FOR), { count, at: now }];
  }

  /** Rejects unless all replicas have what was written on the connection of `wait`. */
  async confirm(): Promise<void> {
    const expected = this.#expected();
    if (expected === 0) return;
    const count = await this.#confirmations.ask(null).catch((cause: unknown) => {
      throw new NotReplicatedError('Nobody knows whether the replicas have a change.', { cause });
    });
    if (count < expected) throw new NotReplicatedError(`${count} of ${expected} replicas have a change.`);
  }

  #expected(): number {
    return Math.min(this.most, Math.max(0, ...this.#counts.map(({ count }) => count)));
  }
}
