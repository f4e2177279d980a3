import type { Familiarity } from './guesses.js';
import type { FailureWindow } from './network-failures.js';

/** Names of the networks of a client, smallest first. The last one is the largest that one customer of a provider is usually given. */
export type NetworkNames = readonly [string, ...string[]];

/** The source of an attempt, and the account that it is made at. */
export interface ThrottleQuery {
  /** The id of the account, and the ids under which earlier versions stored its sign-ins. */
  readonly accounts: readonly string[];
  readonly networks: NetworkNames;
}

/** What is stored before an attempt. Instants may come from the clocks of other machines. */
export interface ThrottleState {
  /** For each account, the last sign-in from the smallest network in epoch milliseconds, or null. */
  readonly signIns: readonly (number | null)[];
  readonly ofNetworks: FailureWindow | null;
  readonly ofServer: FailureWindow | null;
}

/** A failed attempt, counted for each network of the client. */
export interface NetworkFailure {
  readonly networks: NetworkNames;
  /** While the largest network has at most so many failures, they also count for the server. */
  readonly mostForServer: number;
}

/** An attempt at a password. A failure is counted for the networks, too. */
export interface Guess extends NetworkFailure {
  readonly account: string;
  readonly isRight: boolean;
  /** How well the account knows the source, best first. `stranger` is always the last. */
  readonly familiarities: readonly Familiarity[];
  /** Whether a right guess that counts is stored as a sign-in from the smallest network. */
  readonly remembers: boolean;
  /** When the counters of the account expire. */
  readonly until: Date;
}

/** An attempt at a code that belongs to no account. A failure is counted for the networks, too. */
export interface CodeAttempt extends NetworkFailure {
  readonly code: string;
  readonly isRight: boolean;
}

/**
 * Counters of failed attempts. A method that records changes each counter in one atomic step over all processes, so parallel
 * attempts count as sequential ones. The counters of one call may change in separate steps, first the account or code, then the
 * networks, then the server. Expired and unreadable counters are absent. A store that cannot answer throws
 * `StoreUnavailableError`.
 */
export abstract class ThrottleStore {
  /** What is stored for an account, the networks of a client and the server. */
  abstract read(query: ThrottleQuery, now: Date): Promise<ThrottleState>;
  /** Records an attempt at a password. Returns whether it counts; a right guess that does not is a failure of the networks. */
  abstract recordGuess(guess: Guess, now: Date): Promise<boolean>;
  /** Records a failure of the networks alone. */
  abstract recordFailure(failure: NetworkFailure, now: Date): Promise<void>;
  /** Records an attempt at a code. Returns the milliseconds for which such attempts are refused, or 0 if this one counts. */
  abstract recordCode(attempt: CodeAttempt, now: Date): Promise<number>;
  /** Empties the counters of an account. Writes even if there are none, so that it shows whether the store can be written. */
  abstract forget(account: string, now: Date): Promise<void>;
}
