import { Injectable, Logger } from '@nestjs/common';
import { type Initiator } from '../../audit/initiator.js';
import { OrderedIds } from '../../common/ordered-ids.js';
import { Clock, later } from '../../common/clock.js';
import { DomainError, StoreUnavailableError } from '../../common/domain-error.js';
import { MailOptions } from '../../mail/mail-options.js';
import { chooseLanguage } from '../../mail/language.js';
import { Outbox } from '../../mail/outbox.js';
import type { MailFacts, MailKind, OutboxMail } from '../../mail/outbox-mail.js';
import { OutboxStore } from '../../mail/outbox-store.js';
import { BY_ANYONE, MailLimits } from './mail-limits.js';

/** How many mails may wait until no more are accepted that anyone can ask for, and how long a count is valid, in milliseconds. */
const MOST_WAITING = 10_000;
const COUNTED_FOR = 10_000;

/** A mail that an event causes. */
export interface MailCause {
  readonly kind: MailKind;
  readonly to: string;
  /** The user it is for; null if only the address is known. */
  readonly userId: string | null;
  readonly facts?: MailFacts;
}

/** Puts mails into the outbox. Never waits for a mail server. */
@Injectable()
export class MailQueue {
  readonly #ids = new OrderedIds();
  readonly #logger = new Logger('Mails');
  #waiting = { count: 0, until: -Infinity };

  constructor(
    private readonly store: OutboxStore,
    private readonly outbox: Outbox,
    private readonly limits: MailLimits,
    private readonly clock: Clock,
    readonly options: MailOptions,
  ) {}

  now(): Date {
    return this.clock.now();
  }

  /** The mail of an event. It knows the client and its language. */
  of({ kind, to, userId, facts }: MailCause, { ip, userAgent, languages }: Initiator): OutboxMail {
    const now = this.clock.now();
    // Making a mail takes time, and the next request would be late: nobody may see that there was one to make.
    const createdAt = BY_ANYONE.has(kind) ? later(now, Math.random() * this.options.delay) : now;
    return {
      id: this.#ids.next(now),
      kind,
      to,
      userId,
      language: chooseLanguage(languages, this.options.templates.languages),
      facts: { ip, userAgent, ...facts },
      createdAt,
    };
  }

  /** Adds mails, and tells the sender that there are some. */
  async add(...mails: readonly OutboxMail[]): Promise<void> {
    if (mails.length > 0) await this.store.add(mails);
    this.outbox.wake();
  }

  /** Whether `store` adds mails in the same step as its changes. */
  isJoinedTo(store: object): boolean {
    return this.store.joins(store);
  }

  /**
   * Adds a mail that anyone can ask for. What it takes does not depend on whether the address has an account, because that is
   * found out when the mail is composed. Throws `too_many_mails` as `countRequest` does.
   */
  async request(kind: MailKind, to: string, by: Initiator): Promise<void> {
    await this.countRequest(by);
    await this.add(this.of({ kind, to, userId: null }, by));
  }

  /** Adds the notice of an event that is stored already. If the store cannot take it, the event stays, and the log says so. */
  async notify(
    kind: MailKind,
    userId: string,
    to: string | null,
    by: Initiator,
    facts?: MailFacts,
  ): Promise<void> {
    try {
      await this.add(...noticeOf(kind, userId, to, facts).map((cause) => this.of(cause, by)));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#logger.warn(`A mail could not be added, because the database is not available: ${kind}.`);
    }
  }

  /**
   * Counts a request of a client that causes a mail. Throws `too_many_mails` if the network of the client has reached its limit, and
   * while 10,000 mails wait, so that nobody can fill the outbox. Notices to owners of accounts are always accepted. Code of the
   * application that names no client has no network.
   */
  async countRequest(by: Initiator): Promise<void> {
    const isOwnCode = by.via === 'program' || by.via === 'operator';
    if (!isOwnCode) await this.limits.countRequest(by.ip);
    if (performance.now() > this.#waiting.until)
      this.#waiting = { count: await this.store.count('waiting'), until: performance.now() + COUNTED_FOR };
    if (this.#waiting.count >= MOST_WAITING)
      throw new DomainError('too_many_mails', { retryAfter: COUNTED_FOR / 1000 });
  }
}

/**
 * Makes a change, and adds the mails that it causes: in the same step where the outbox joins the store, otherwise right after it. The
 * change is told the mails to add. It returns null or false if it did not happen; then no mail is added. Without a queue, there
 * are no mails.
 */
export async function changing<T>(
  queue: MailQueue | undefined,
  store: object,
  causes: readonly MailCause[],
  by: Initiator,
  change: (mails: readonly OutboxMail[]) => Promise<T>,
): Promise<T> {
  if (!queue || causes.length === 0) return change([]);
  const mails = causes.map((cause) => queue.of(cause, by));
  const isJoined = queue.isJoinedTo(store);
  const result = await change(isJoined ? mails : []);
  if (result !== null && result !== false) await queue.add(...(isJoined ? [] : mails));
  return result;
}

/** The notice of an event to the owner of an account; none if mails to the account go nowhere. */
export function noticeOf(
  kind: MailKind,
  userId: string,
  to: string | null,
  facts: MailFacts = {},
): MailCause[] {
  return to === null ? [] : [{ kind, to, userId, facts }];
}
