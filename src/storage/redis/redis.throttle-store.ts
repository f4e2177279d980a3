import { unreadable } from '../../common/unreadable.js';
import {
  SERVER_KEY,
  accountKey,
  codeKey,
  emptyEntry,
  endOfCode,
  networksKey,
  signInEntry,
  stateIn,
  stateKeys,
} from '../../throttle/counter-changes.js';
import { ALL } from '../../throttle/network-failures.js';
import type { TextEntry } from '../../throttle/text-table.js';
import {
  type CodeAttempt,
  type Guess,
  type NetworkFailure,
  ThrottleStore,
  type ThrottleQuery,
  type ThrottleState,
} from '../../throttle/throttle-store.js';
import type { RedisCommands } from './redis-commands.js';
import { CODE, FAILURE, GUESS, WRITE } from './throttle-scripts.js';

/** Failure counters in Redis, one key each, with the expiry of the counter. Each counter changes in a script of its own. */
export class RedisThrottleStore extends ThrottleStore {
  constructor(private readonly redis: RedisCommands) {
    super();
  }

  async read(query: ThrottleQuery, now: Date): Promise<ThrottleState> {
    const keys = stateKeys(query);
    const values = await Promise.all(keys.map((key) => this.redis.text(this.#keyOf(key))));
    const texts = values.map((value, index) => (value === null ? null : textOf(value, now, keys[index]!)));
    return stateIn(keys, texts);
  }

  async recordGuess(guess: Guess, now: Date): Promise<boolean> {
    const { account, networks, isRight, until, familiarities } = guess;
    const args = [networks.at(-1)!, Number(isRight), until.getTime(), ...familiarities];
    const counts = (await this.#run(GUESS, accountKey(account), now, args)) === 1;
    if (!counts || !isRight) await this.#countFailure(guess, now);
    else if (guess.remembers) await this.#write(signInEntry(guess, now), now);
    return counts;
  }

  recordFailure(failure: NetworkFailure, now: Date): Promise<void> {
    return this.#countFailure(failure, now);
  }

  async recordCode(attempt: CodeAttempt, now: Date): Promise<number> {
    const args = [Number(attempt.isRight), endOfCode(now).getTime()];
    const delay = await this.#run(CODE, codeKey(attempt.code), now, args);
    if (delay > 0 || !attempt.isRight) await this.#countFailure(attempt, now);
    return delay;
  }

  forget(account: string, now: Date): Promise<void> {
    return this.#write(emptyEntry(account, now), now);
  }

  async #countFailure(failure: NetworkFailure, now: Date): Promise<void> {
    const { networks, mostForServer } = failure;
    const failures = await this.#run(FAILURE, networksKey(failure), now, networks);
    if (failures <= mostForServer) await this.#run(FAILURE, SERVER_KEY, now, [ALL]);
  }

  async #write({ key, text, until }: TextEntry, now: Date): Promise<void> {
    await this.#run(WRITE, key, now, [text, until.getTime()]);
  }

  async #run(script: string, key: string, now: Date, args: readonly (string | number)[]): Promise<number> {
    const answer = await this.redis.run(script, [this.#keyOf(key)], [now.getTime(), ...args]);
    const [outcome, isUnreadable] = answer as [number, number];
    if (isUnreadable === 1) unreadable('count', key);
    return outcome;
  }

  #keyOf(key: string): string {
    return `${this.redis.prefix}:tally:${key}`;
  }
}

function textOf(value: string, now: Date, key: string): string | null {
  const [, until, text] = /^(\d+) (.+)$/s.exec(value) ?? [];
  if (text === undefined) return unreadable('count', key);
  return now.getTime() < Number(until) ? text : null;
}
