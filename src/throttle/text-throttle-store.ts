import { failing, forgetting, guessing, stateIn, stateKeys, tryingCode } from './counter-changes.js';
import type { TextTable } from './text-table.js';
import {
  type CodeAttempt,
  type Guess,
  type NetworkFailure,
  ThrottleStore,
  type ThrottleQuery,
  type ThrottleState,
} from './throttle-store.js';

/** A throttle store on texts. Each method that records is one atomic step for all its counters. */
export class TextThrottleStore extends ThrottleStore {
  constructor(private readonly texts: TextTable) {
    super();
  }

  async read(query: ThrottleQuery, now: Date): Promise<ThrottleState> {
    const keys = stateKeys(query);
    return stateIn(keys, await this.texts.read(keys, now));
  }

  recordGuess(guess: Guess, now: Date): Promise<boolean> {
    return this.texts.change(guess.account, () => guessing(guess, now), now);
  }

  recordFailure(failure: NetworkFailure, now: Date): Promise<void> {
    return this.texts.change(failure.networks.at(-1)!, () => failing(failure, now), now);
  }

  recordCode(attempt: CodeAttempt, now: Date): Promise<number> {
    return this.texts.change(attempt.code, () => tryingCode(attempt, now), now);
  }

  forget(account: string, now: Date): Promise<void> {
    return this.texts.change(account, () => forgetting(account, now), now);
  }
}
