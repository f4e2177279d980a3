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
  judge,
  withFailedCode,
} from './guesses.js';
import { ALL, checkNetworks, countsForServer, endOf, windowIn, withFailure } from './network-failures.js';
import type { ThrottleStore } from './throttle-store.js';
import type { ThrottleOptions } from './throttle-options.js';
import { KeyedMutex } from './keyed-mutex.js';

const DAY = 24 * 60 * 60_000;

/** For how long, in milliseconds, an account knows a network that it was signed in to from. */
const NETWORK_KNOWN_FOR = 90 * DAY;

/** How often other processes may come between a look at a counter and its change. */
const MOST_TRIES = 100;

/** Where the failures of all networks together are counted. */
const SERVER_KEY = 'failures-of-all';

const UNLIMITED: Attempt = { judge: () => Promise.resolve(true) };

/** Who tries a password, as far as that can be told. */
export interface Claimant {
  readonly ip: string | null;
  /** The user whose session token the claimant presents, even if the session has ended, or null. */
  readonly tokenOwner: string | null;
}

/** The account that a password is tried at: failures are counted by its user, and by its login where there is none. */
export interface Account {
  /** The normal form of the login. */
  readonly key: string;
  readonly userId: string | null;
}

/** One attempt at a password. Nobody may be told what came of it before it is judged. */
export interface Attempt {
  /** Whether the outcome counts; where it does not, a right password is answered as a wrong one. */
  judge(isRight: boolean): Promise<boolean>;
}

/** One attempt at a one-time token. */
export interface TokenAttempt {
  /** Counts that the token was not valid. */
  fail(): Promise<void>;
}

/** Who tries, by what is counted for them. */
interface Client {
  readonly familiarities: readonly Familiarity[];
  readonly networks: readonly Network[];
  readonly holder: string;
  readonly keys: ReturnType<typeof keysOf>;
}

/**
 * Counts the failed attempts at passwords, one-time tokens and codes, by account, by network and over all. A guess is judged
 * after it was hashed and in one atomic step, so however many are made at once, no more count than one after another.
 */
export class GuessThrottle {
  readonly #turns = new KeyedMutex();

  constructor(
    private readonly store: ThrottleStore,
    private readonly clock: Clock,
    private readonly options: ThrottleOptions,
  ) {}

  /** Admits an attempt at a password; `too_many_attempts` to a stranger whose network has reached its limit. */
  async admit(account: Account, claimant: Claimant): Promise<Attempt> {
    if (!this.options.enabled) return UNLIMITED;
    const client = await this.#admitted(account, claimant);
    return {
      judge: async (isRight) => {
        const counts = await this.#judge(account, client, isRight);
        if (counts && isRight) await this.#remember(client.keys.known);
        else await this.#countFailure(client);
        return counts;
      },
    };
  }

  /**
   * Admits an attempt at a one-time token of a user, null where it names none; `too_many_attempts` as for a password. Such
   * tokens have too many bits to be guessed, so that nothing is counted by user: nobody can be locked out.
   */
  async admitToken(userId: string | null, ip: string | null): Promise<TokenAttempt> {
    if (!this.options.enabled) return { fail: () => Promise.resolve() };
    const client = await this.#admitted({ key: '', userId }, { ip, tokenOwner: null });
    return { fail: () => this.#countFailure(client) };
  }

  /**
   * Judges an attempt at a code that is no user's, such as the setup code. `too_many_attempts`, whether it is right or
   * wrong, where the claimant's network has reached its limit, and for up to 15 minutes after failures of anyone.
   */
  async judgeCode(code: string, isRight: boolean, ip: string | null): Promise<boolean> {
    if (!this.options.enabled) return isRight;
    const client = await this.#admitted({ key: '', userId: null }, { ip, tokenOwner: null });
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

  /** Clears the failed attempts at an account. A process whose clock is behind reads that there were none. */
  async forgive(account: Account): Promise<void> {
    const text = JSON.stringify(NO_GUESSES);
    await this.#change(keysOf(account, 'unknown', 'unknown').account, (_, now) => ({ text, until: now }));
  }

  async #admitted(account: Account, { ip, tokenOwner }: Claimant): Promise<Client> {
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

  async #judge({ userId }: Account, client: Client, isRight: boolean): Promise<boolean> {
    let counts = false;
    await this.#change(client.keys.account, (text, now) => {
      const judgement = judge(
        readText(client.keys.account, text, guessesIn) ?? NO_GUESSES,
        client,
        isRight,
        now,
      );
      counts = judgement.counts;
      return {
        // What does not count is written all the same, as it must take no other time.
        text: JSON.stringify(judgement.guesses),
        // Of a login without an account no more is kept than a day's count, as there can be any number of them.
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

  /** Sets the text that `change` makes of the one that is there, unless it wants none set. */
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

/** What the text under a key stands for; null where there is none, and where it cannot be read, which is logged once. */
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
    /** Where earlier versions noted it, for at most 90 days. */
    knownByLogin: `known:${digestOf(key)}:${network}`,
    holder: `failures:${holder}`,
  };
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}

/** How a claimant is known, best first. */
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

/** Whether a network is known by a sign-in at an instant. No sign-in of the future counts. */
function isKnownBy(at: number | null, now: Date): boolean {
  return at !== null && at <= now.getTime() && now.getTime() - at < NETWORK_KNOWN_FOR;
}
