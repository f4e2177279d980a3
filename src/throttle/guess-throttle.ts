import { hash } from 'node:crypto';
import { Clock, NEVER, later } from '../common/clock.js';
import { DomainError, StoreUnavailableError } from '../common/domain-error.js';
import { networkOf } from '../common/network.js';
import { unreadable } from '../common/unreadable.js';
import { type Familiarity, type Guesses, believable, judge, noGuesses, parseGuesses } from './guesses.js';
import type { TallyStore } from './tally-store.js';
import type { ThrottleOptions } from './throttle-options.js';
import { Turns } from './turns.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Milliseconds in which failures of a network and of all are counted together. */
const WINDOW = 10 * MINUTE;

/** For how long, in milliseconds, an account knows a network that it was signed in to from. */
const NETWORK_KNOWN_FOR = 90 * DAY;

/** How often other processes may come between a look at a tally and its change. */
const MOST_TRIES = 100;

const UNCOUNTED: Attempt = { judge: () => Promise.resolve(true) };

/** Who tries a password, as far as that can be told. */
export interface Claimant {
  readonly ip: string | null;
  /** The user whose ticket the claimant holds, be it over, or null. */
  readonly ticketOf: string | null;
}

/** An account, be there one or not, and the user that it is. */
export interface Account {
  /** The normal form of the address. */
  readonly key: string;
  readonly userId: string | null;
}

/** One attempt at a password; what came of it is to be told nobody before it is judged. */
export interface Attempt {
  /** Whether the outcome counts; where it does not, a right password is a wrong one. */
  judge(isRight: boolean): Promise<boolean>;
}

/**
 * Counts the failed attempts at passwords, by account, by network and over all. A guess is judged after it was hashed and
 * in one atomic step, so however many are made at once, no more of them count than one after another.
 */
export class GuessThrottle {
  readonly #turns = new Turns();

  constructor(
    private readonly store: TallyStore,
    private readonly clock: Clock,
    private readonly options: ThrottleOptions,
  ) {}

  /** Admits an attempt; `too_many_attempts` to a stranger where too many failed lately, from their network or in all. */
  async admit(account: Account, { ip, ticketOf }: Claimant): Promise<Attempt> {
    if (!this.options.enabled) return UNCOUNTED;
    const now = this.clock.now();
    const keys = keysOf(account.key, networkOf(ip));
    const [known, network, server] = await this.store.read([keys.known, keys.network, keys.server], now);
    const isNetworkKnown = instantOf(known) <= now.getTime();
    const familiarity = familiarityOf(account.userId !== null && account.userId === ticketOf, isNetworkKnown);
    if (familiarity === 'stranger') {
      checkWindow(keys.network, network ?? null, this.options.failuresPerNetwork, now);
      checkWindow(keys.server, server ?? null, this.options.failuresPerServer, now);
    }
    return {
      judge: async (isRight) => {
        const counts = await this.#judge(keys.account, account, familiarity, isRight);
        if (counts && isRight) await this.#remember(keys.known);
        else await Promise.all([this.#countFailure(keys.network), this.#countFailure(keys.server)]);
        return counts;
      },
    };
  }

  /** Clears the failed attempts at an account. A process whose clock is behind reads that there were none. */
  async forgive(key: string): Promise<void> {
    const now = this.clock.now();
    const text = JSON.stringify(noGuesses(now.getTime()));
    await this.#change(keysOf(key, '').account, () => ({ text, until: now }));
  }

  async #judge(
    key: string,
    { userId }: Account,
    familiarity: Familiarity,
    isRight: boolean,
  ): Promise<boolean> {
    const now = this.clock.now();
    let counts = false;
    await this.#change(key, (text) => {
      const before = guessesOf(key, text, now);
      const after = judge(before, familiarity, isRight, now.getTime());
      counts = after !== null;
      return {
        // What does not count is written all the same, as it must take no other time.
        text: JSON.stringify(after ?? before),
        // Of an address without an account no more is kept than a day's count, as there can be any number of them.
        until: userId === null ? later(now, DAY) : NEVER,
      };
    });
    return counts;
  }

  #countFailure(key: string): Promise<void> {
    const now = this.clock.now();
    return this.#change(key, (text) => {
      const { since, count } = windowOf(key, text, now) ?? { since: now.getTime(), count: 0 };
      return { text: `${since} ${count + 1}`, until: new Date(since + WINDOW) };
    });
  }

  #remember(key: string): Promise<void> {
    const now = this.clock.now();
    return this.#change(key, (text) => {
      const age = now.getTime() - instantOf(text);
      const isFresh = age >= 0 && age < DAY;
      return isFresh ? null : { text: String(now.getTime()), until: later(now, NETWORK_KNOWN_FOR) };
    });
  }

  /** Sets the text that `change` makes of the one that is there, unless it wants none set. */
  #change(
    key: string,
    change: (text: string | null) => { readonly text: string; readonly until: Date } | null,
  ): Promise<void> {
    return this.#turns.take(key, async () => {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const now = this.clock.now();
        const [from = null] = await this.store.read([key], now);
        const to = change(from);
        if (!to || (await this.store.swap(key, from, to.text, to.until, now))) return;
      }
      throw new StoreUnavailableError(new Error('Others change the tally all the time.'));
    });
  }
}

function keysOf(account: string, network: string) {
  const digest = hash('sha256', account, 'base64url').slice(0, 22);
  return {
    account: `account:${digest}`,
    known: `known:${digest}:${network}`,
    network: `network:${network}`,
    server: 'server',
  };
}

/** The instant that a text stands for; `NaN` for any other text. */
function instantOf(text: string | null | undefined): number {
  return /^\d{1,16}$/.test(text ?? '') ? Number(text) : NaN;
}

function familiarityOf(holdsTicket: boolean, isNetworkKnown: boolean): Familiarity {
  if (holdsTicket) return 'browser';
  return isNetworkKnown ? 'network' : 'stranger';
}

/** The guesses that a text stands for; null where there are none, as after `forgiven`, which earlier versions wrote. */
function guessesOf(key: string, text: string | null, now: Date): Guesses | null {
  if (text === null || text === 'forgiven') return null;
  const guesses = parseGuesses(text) ?? unreadable('count', key);
  return guesses && believable(guesses, now.getTime());
}

/** The window that a text stands for; null for none, and for one that a clock ahead of this one has begun. */
function windowOf(key: string, text: string | null, now: Date): { since: number; count: number } | null {
  if (text === null) return null;
  const [, since, count] = /^(\d{1,15}) (\d{1,15})$/.exec(text) ?? [];
  if (since === undefined) return unreadable('count', key);
  return Number(since) > now.getTime() ? null : { since: Number(since), count: Number(count) };
}

function checkWindow(key: string, text: string | null, limit: number, now: Date): void {
  const window = windowOf(key, text, now);
  if (!window || window.count < limit) return;
  const retryAfter = Math.ceil((window.since + WINDOW - now.getTime()) / 1000);
  throw new DomainError('too_many_attempts', { retryAfter });
}
