import { hash } from 'node:crypto';
import { Clock, later } from '../common/clock.js';
import { DomainError, StoreUnavailableError } from '../common/domain-error.js';
import { type Network, networksOf } from '../common/network.js';
import { unreadable } from '../common/unreadable.js';
import { isInstant } from './counter-text.js';
import {
  type Familiarity,
  GUESSES_LAST_FOR,
  NO_FAILURES,
  NO_GUESSES,
  codeDelayLeft,
  failureCountIn,
  guessesIn,
  evaluate,
  withFailedCode,
} from './guesses.js';
import { ALL, checkNetworks, countsForServer, endOf, windowIn, withFailure } from './network-failures.js';
import type { ThrottleStore } from './throttle-store.js';
import type { ThrottleOptions } from './throttle-options.js';
import { KeyedMutex } from './keyed-mutex.js';

const DAY = 24 * 60 * 60_000;

/** How long, in milliseconds, an account knows a network after a sign-in from it. */
const NETWORK_KNOWN_FOR = 90 * DAY;

/** How often a compare-and-set is tried while other processes change the counter. */
const MOST_TRIES = 100;

/** The key of the counter for all networks together. */
const SERVER_KEY = 'failures-of-all';

const UNLIMITED: Attempt = { record: () => Promise.resolve(true) };

/** Where a sign-in attempt comes from. */
export interface SignInSource {
  readonly ip: string | null;
  /** Id of the user the presented session token was issued to, even if the session has ended; null if there is none. */
  readonly tokenOwner: string | null;
}

/** The account of an attempt. Failures are counted by user id, or by login if there is no user. */
export interface Account {
  /** The normal form of the login. */
  readonly key: string;
  readonly userId: string | null;
}

/** One attempt at a password. Record it before you return its outcome to the client. */
export interface Attempt {
  /** Returns whether the outcome counts. If it does not, answer a right password as a wrong one. */
  record(isRight: boolean): Promise<boolean>;
}

/** One attempt at a one-time token. */
export interface TokenAttempt {
  /** Counts that the token was not valid. */
  fail(): Promise<void>;
}

/** What is counted for the source of an attempt. */
interface Client {
  readonly familiarities: readonly Familiarity[];
  readonly networks: readonly Network[];
  readonly holder: string;
  readonly keys: ReturnType<typeof keysOf>;
}

/**
 * Counts failed attempts at passwords, one-time tokens and codes: by account, by network and for the whole server. A guess is
 * recorded after hashing and in one atomic step, so parallel guesses count no more than sequential ones.
 */
export class GuessThrottle {
  readonly #turns = new KeyedMutex();

  constructor(
    private readonly store: ThrottleStore,
    private readonly clock: Clock,
    private readonly options: ThrottleOptions,
  ) {}

  /** Begins an attempt at a password. Throws `too_many_attempts` for an unknown client whose network has reached its limit. */
  async begin(account: Account, source: SignInSource): Promise<Attempt> {
    if (!this.options.enabled) return UNLIMITED;
    const client = await this.#begin(account, source);
    return {
      record: async (isRight) => {
        const counts = await this.#record(account, client, isRight);
        if (counts && isRight) await this.#remember(client.keys.known);
        else await this.#countFailure(client);
        return counts;
      },
    };
  }

  /**
   * Begins an attempt at a one-time token of a user, or null if the token names none. Throws `too_many_attempts` as for a
   * password. Nothing is counted by user, because such tokens cannot be guessed: nobody can lock a user out.
   */
  async beginToken(userId: string | null, ip: string | null): Promise<TokenAttempt> {
    if (!this.options.enabled) return { fail: () => Promise.resolve() };
    const client = await this.#begin({ key: '', userId }, { ip, tokenOwner: null });
    return { fail: () => this.#countFailure(client) };
  }

  /**
   * Records an attempt at a code that belongs to no user, such as the setup code. Throws `too_many_attempts`, whether the
   * code is right or wrong, if the network has reached its limit, and for up to 15 minutes after failures of any client.
   */
  async checkCode(code: string, isRight: boolean, ip: string | null): Promise<boolean> {
    if (!this.options.enabled) return isRight;
    const client = await this.#begin({ key: '', userId: null }, { ip, tokenOwner: null });
    let delay = 0;
    const key = `code:${code}`;
    await this.#change(key, (text, now) => {
      const before = readText(key, text, failureCountIn) ?? NO_FAILURES;
      delay = codeDelayLeft(before, now);
      if (delay > 0) return null;
      const after = isRight ? NO_FAILURES : withFailedCode(before, now);
      return { text: JSON.stringify(after), until: later(now, DAY) };
    });
    if (delay > 0 || !isRight) await this.#countFailure(client);
    if (delay > 0) throw new DomainError('too_many_attempts', { retryAfter: Math.ceil(delay / 1000) });
    return isRight;
  }

  /** Deletes the failed attempts of an account, also for processes whose clock is behind. */
  async reset(account: Account): Promise<void> {
    const text = JSON.stringify(NO_GUESSES);
    await this.#change(keysOf(account, 'unknown', 'unknown').account, (_, now) => ({ text, until: now }));
  }

  async #begin(account: Account, { ip, tokenOwner }: SignInSource): Promise<Client> {
    const now = this.clock.now();
    const networks = networksOf(ip);
    const holder = networks.at(-1)!.name;
    const keys = keysOf(account, networks[0].name, holder);
    const asked = [keys.known, keys.knownByLogin, keys.holder, SERVER_KEY] as const;
    const [known, knownByLogin, ofHolder, ofServer] = await this.store.read(asked, now);
    const familiarities = familiaritiesOf(
      account.userId !== null && account.userId === tokenOwner,
      isKnownBy(readText(keys.known, known, instantIn), now) ||
        isKnownBy(readText(keys.knownByLogin, knownByLogin, instantIn), now),
    );
    const windows = [
      readText(keys.holder, ofHolder, windowIn),
      readText(SERVER_KEY, ofServer, windowIn),
    ] as const;
    if (familiarities.length === 1) checkNetworks(networks, windows, this.options, now);
    return { familiarities, networks, holder, keys };
  }

  async #record({ userId }: Account, client: Client, isRight: boolean): Promise<boolean> {
    let counts = false;
    await this.#change(client.keys.account, (text, now) => {
      const evaluation = evaluate(
        readText(client.keys.account, text, guessesIn) ?? NO_GUESSES,
        client,
        isRight,
        now,
      );
      counts = evaluation.counts;
      return {
        // A guess that does not count is written, too, so that it takes the same time.
        text: JSON.stringify(evaluation.guesses),
        // Counters of logins without an account are kept for a day only, as there can be any number of them.
        until: later(now, userId === null ? DAY : GUESSES_LAST_FOR),
      };
    });
    return counts;
  }

  async #countFailure({ networks, holder, keys }: Client): Promise<void> {
    const names = networks.map(({ name }) => name);
    let isForServer = false;
    await this.#change(keys.holder, (text, now) => {
      const window = withFailure(readText(keys.holder, text, windowIn), names, now);
      isForServer = countsForServer(window, holder, this.options);
      return { text: JSON.stringify(window), until: endOf(window) };
    });
    if (!isForServer) return;
    await this.#change(SERVER_KEY, (text, now) => {
      const window = withFailure(readText(SERVER_KEY, text, windowIn), [ALL], now);
      return { text: JSON.stringify(window), until: endOf(window) };
    });
  }

  #remember(key: string): Promise<void> {
    return this.#change(key, (text, now) => {
      const age = now.getTime() - (readText(key, text, instantIn) ?? -Infinity);
      const isFresh = age >= 0 && age < DAY;
      return isFresh ? null : { text: String(now.getTime()), until: later(now, NETWORK_KNOWN_FOR) };
    });
  }

  /** Replaces a text by the result of `change`; null leaves it. */
  #change(
    key: string,
    change: (text: string | null, now: Date) => { readonly text: string; readonly until: Date } | null,
  ): Promise<void> {
    return this.#turns.take(key, async () => {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const now = this.clock.now();
        const [from = null] = await this.store.read([key], now);
        const to = change(from, now);
        if (!to || (await this.store.swap(key, from, to.text, to.until, now))) return;
      }
      throw new StoreUnavailableError(
        new Error('The counter was changed again and again by other requests.'),
      );
    });
  }
}

/** The value of the text under a key. Null if there is none, or if it cannot be read, which is logged once. */
function readText<T>(
  key: string,
  text: string | null | undefined,
  read: (text: string) => T | null,
): T | null {
  return text === null || text === undefined ? null : (read(text) ?? unreadable('count', key));
}

function keysOf({ key, userId }: Account, network: string, holder: string) {
  const digest = digestOf(userId === null ? `login:${key}` : `user:${userId}`);
  return {
    account: `guesses:${digest}`,
    known: `known:${digest}:${network}`,
    /** The key of earlier versions, which lasts at most 90 days. */
    knownByLogin: `known:${digestOf(key)}:${network}`,
    holder: `failures:${holder}`,
  };
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}

/** How well the account knows the source, best first. */
function familiaritiesOf(presentsToken: boolean, isNetworkKnown: boolean): readonly Familiarity[] {
  return [
    ...(presentsToken ? ['browser' as const] : []),
    ...(isNetworkKnown ? ['network' as const] : []),
    'stranger',
  ];
}

function instantIn(text: string): number | null {
  const instant = /^\d{1,16}$/.test(text) ? Number(text) : null;
  return isInstant(instant) ? instant : null;
}

/** Whether a sign-in at an instant makes a network known. A sign-in in the future does not. */
function isKnownBy(at: number | null, now: Date): boolean {
  return at !== null && at <= now.getTime() && now.getTime() - at < NETWORK_KNOWN_FOR;
}
