import { Clock, later } from '../common/clock.js';
import { digest } from '../common/digest.js';
import { DomainError } from '../common/domain-error.js';
import { networksOf } from '../common/network.js';
import { NETWORK_KNOWN_FOR } from './counter-changes.js';
import { type Familiarity, GUESSES_LAST_FOR } from './guesses.js';
import { checkNetworks, mostForServer } from './network-failures.js';
import type { NetworkFailure, ThrottleStore } from './throttle-store.js';
import type { ThrottleOptions } from './throttle-options.js';

const DAY = 24 * 60 * 60_000;

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

/** What is known of an attempt before it is made. */
interface Beginning {
  readonly account: string;
  readonly familiarities: readonly Familiarity[];
  /** Whether the account has not stored a sign-in from this network for a day. */
  readonly remembers: boolean;
  /** What to record if the attempt fails. */
  readonly failure: NetworkFailure;
}

/**
 * Counts failed attempts at passwords, one-time tokens and codes: by account, by network and for the whole server. An attempt at a
 * password reads the store once when it begins, and writes once after hashing, in one atomic step, so parallel guesses count no
 * more than sequential ones.
 */
export class GuessThrottle {
  constructor(
    private readonly store: ThrottleStore,
    private readonly clock: Clock,
    private readonly options: ThrottleOptions,
  ) {}

  /** Begins an attempt at a password. Throws `too_many_attempts` for an unknown client whose network has reached its limit. */
  async begin(account: Account, source: SignInSource): Promise<Attempt> {
    if (!this.options.enabled) return UNLIMITED;
    const { failure, ...beginning } = await this.#begin(account, source);
    return {
      record: (isRight) => {
        const now = this.clock.now();
        // Counters of logins without an account are kept for a day only, as there can be any number of them.
        const until = later(now, account.userId === null ? DAY : GUESSES_LAST_FOR);
        return this.store.recordGuess({ ...beginning, ...failure, isRight, until }, now);
      },
    };
  }

  /**
   * Begins an attempt at a one-time token of a user, or null if the token names none. Throws `too_many_attempts` as for a
   * password. Nothing is counted by user, because such tokens cannot be guessed: nobody can lock a user out.
   */
  async beginToken(userId: string | null, ip: string | null): Promise<TokenAttempt> {
    if (!this.options.enabled) return { fail: () => Promise.resolve() };
    const { failure } = await this.#begin({ key: '', userId }, { ip, tokenOwner: null });
    return { fail: () => this.store.recordFailure(failure, this.clock.now()) };
  }

  /**
   * Records an attempt at a code that belongs to no user, such as the setup code. Throws `too_many_attempts`, whether the
   * code is right or wrong, if the network has reached its limit, and for up to 15 minutes after failures of any client.
   */
  async checkCode(code: string, isRight: boolean, ip: string | null): Promise<boolean> {
    if (!this.options.enabled) return isRight;
    const { failure } = await this.#begin({ key: '', userId: null }, { ip, tokenOwner: null });
    const delay = await this.store.recordCode({ ...failure, code, isRight }, this.clock.now());
    if (delay > 0) throw new DomainError('too_many_attempts', { retryAfter: Math.ceil(delay / 1000) });
    return isRight;
  }

  /** Deletes the failed attempts of an account, also for processes whose clock is behind. */
  reset(account: Account): Promise<void> {
    return this.store.forget(idOf(account), this.clock.now());
  }

  async #begin(account: Account, { ip, tokenOwner }: SignInSource): Promise<Beginning> {
    const now = this.clock.now();
    const networks = networksOf(ip);
    const [smallest, ...larger] = networks;
    const names = [smallest.name, ...larger.map(({ name }) => name)] as const;
    const id = idOf(account);
    // Earlier versions stored sign-ins by login, for at most 90 days.
    const accounts = [id, digest(account.key)];
    const { signIns, ofNetworks, ofServer } = await this.store.read({ accounts, networks: names }, now);
    const isOwner = account.userId !== null && account.userId === tokenOwner;
    const isNetworkKnown = signIns.some((at) => isWithin(NETWORK_KNOWN_FOR, at, now));
    const familiarities = familiaritiesOf(isOwner, isNetworkKnown);
    if (familiarities.length === 1) checkNetworks(networks, [ofNetworks, ofServer], this.options, now);
    return {
      account: id,
      familiarities,
      remembers: !isWithin(DAY, signIns[0] ?? null, now),
      failure: { networks: names, mostForServer: mostForServer(ofServer, this.options, now) },
    };
  }
}

function idOf({ key, userId }: Account): string {
  return digest(userId === null ? `login:${key}` : `user:${userId}`);
}

/** How well the account knows the source, best first. */
function familiaritiesOf(presentsToken: boolean, isNetworkKnown: boolean): readonly Familiarity[] {
  return [
    ...(presentsToken ? ['browser' as const] : []),
    ...(isNetworkKnown ? ['network' as const] : []),
    'stranger',
  ];
}

/** Whether an instant lies less than `ms` milliseconds in the past. One in the future does not. */
function isWithin(ms: number, at: number | null, now: Date): boolean {
  return at !== null && at <= now.getTime() && now.getTime() - at < ms;
}
