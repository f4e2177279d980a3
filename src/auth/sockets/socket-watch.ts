import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { OnSecurityEvent, type SecurityEvent } from '../../audit/security-events.js';
import { DomainError, StoreUnavailableError } from '../../common/domain-error.js';
import { AuthOptions } from '../auth-options.js';
import { type OpenSocket, type SocketExchange, isEnding } from '../exchange/socket-exchange.js';

/** When the next round of look-ups begins, as a share of the interval: the rest of it is for the answers. */
const ROUND = 0.8;

/** For how many intervals a socket stays open while nobody can tell whether its session lives. */
const PATIENCE = 3;

/** Sessions per look-up, so that requests are served between two. */
const AT_A_TIME = 500;

/**
 * Looks up the sessions of all open sockets at intervals, and closes the sockets of those that have ended. This is no use of
 * a session: an open tab keeps none alive.
 */
@Injectable()
export class SocketWatch implements OnApplicationShutdown {
  readonly #logger = new Logger('Sockets');
  readonly #open = new Set<SocketExchange>();
  readonly #recheck: number;
  #timer: NodeJS.Timeout | null = null;
  #isRunning = false;
  #isSilent = false;
  /** The users of whom an event has just said something. */
  #told: Set<string | null> | null = null;

  constructor({ sockets }: AuthOptions) {
    this.#recheck = sockets.recheck;
  }

  open(exchange: SocketExchange, client: object, socket: OpenSocket): void {
    exchange.open(client, socket);
    this.#open.add(exchange);
    this.#timer ??= setInterval(() => this.#tick(), this.#recheck * ROUND).unref();
  }

  forget(exchange: SocketExchange): void {
    this.#open.delete(exchange);
    if (this.#open.size === 0) this.onApplicationShutdown();
  }

  onApplicationShutdown(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Does not wait for the next round where this process has ended a session. */
  @OnSecurityEvent(
    'session.ended',
    'user.disabled',
    'user.deleted',
    'password.changed',
    'password_reset.succeeded',
    'role.changed',
  )
  onChange({ subjectId }: SecurityEvent): void {
    if (this.#open.size === 0) return;
    if (!this.#told) setImmediate(() => this.#checkTold());
    (this.#told ??= new Set()).add(subjectId);
  }

  #checkTold(): void {
    const told = this.#told;
    this.#told = null;
    const isMeant = ({ principal }: SocketExchange) => told?.has(principal?.account.id ?? null);
    void this.#check([...this.#open].filter(isMeant));
  }

  #tick(): void {
    const now = performance.now();
    for (const exchange of this.#open)
      if (exchange.dueSince !== null && now - exchange.dueSince >= PATIENCE * this.#recheck)
        exchange.end(new StoreUnavailableError());
    if (!this.#isRunning) void this.#round();
  }

  async #round(): Promise<void> {
    this.#isRunning = true;
    await this.#check(this.#open);
    this.#isRunning = false;
  }

  /** Never throws. A look-up that hangs does not keep the others waiting for longer than an interval. */
  async #check(exchanges: Iterable<SocketExchange>): Promise<void> {
    const groups = bySession(exchanges);
    const now = performance.now();
    for (const group of groups) for (const exchange of group) exchange.dueSince ??= now;
    for (let start = 0; start < groups.length; start += AT_A_TIME) {
      const checks = groups.slice(start, start + AT_A_TIME).map((group) => this.#checkGroup(group));
      await Promise.race([Promise.all(checks), passed(this.#recheck)]);
    }
  }

  /** Looks up the principal of the first socket for all. */
  async #checkGroup(group: readonly [SocketExchange, ...SocketExchange[]]): Promise<void> {
    try {
      const principal = await group[0].door.identify(group[0]);
      if (!principal) throw new DomainError('credentials_missing');
      this.#isSilent = false;
      for (const exchange of group) {
        exchange.principal = principal;
        exchange.dueSince = null;
      }
    } catch (error) {
      if (isEnding(error)) for (const exchange of group) exchange.end(error);
      else this.#warn(error);
      return;
    }
    await Promise.all(group.map((exchange) => this.#checkRights(exchange)));
  }

  async #checkRights(exchange: SocketExchange): Promise<void> {
    try {
      await exchange.door.checkRights(exchange);
    } catch (error) {
      if (isEnding(error)) exchange.end(error);
      else this.#warn(error);
    }
  }

  /** Once for each time that the store does not answer. */
  #warn(error: unknown): void {
    if (!this.#isSilent)
      this.#logger.warn(
        `Could not look up the sessions of open sockets, and will try again: ${error instanceof Error ? error.message : 'unknown error'}`,
      );
    this.#isSilent = true;
  }
}

/** The sockets of each session; those of a principal without a session alone. Anonymous and ended ones are left out. */
function bySession(exchanges: Iterable<SocketExchange>): [SocketExchange, ...SocketExchange[]][] {
  const groups = new Map<unknown, [SocketExchange, ...SocketExchange[]]>();
  for (const exchange of exchanges) {
    const { principal, isEnded } = exchange;
    if (!principal || isEnded) continue;
    const key = principal.session?.id ?? exchange;
    const group = groups.get(key);
    if (group) group.push(exchange);
    else groups.set(key, [exchange]);
  }
  return [...groups.values()];
}

function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
