import { randomUUID } from 'node:crypto';
import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Clock, earlier, later } from '../common/clock.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import { assignOptions, integer, milliseconds } from '../common/options.js';
import { Alarm } from './alarm.js';
import type { MailComposer } from './mail-composer.js';
import { MailRefusedError, MailServerUnavailableError, type Mailer } from './mailer.js';
import { Outage, withJitter } from './outage.js';
import type { OutboxStore, StoredMail } from './outbox-store.js';
import { reasonOf } from './reason.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** An attempt begins right after a claim, and so ends long before the right to send does. */
const LEASE = MINUTE;
const LONGEST_ATTEMPT = 30 * SECOND;

const POLL = SECOND;

/** After each failed attempt; the last one is repeated. */
const PAUSES = [
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  20 * MINUTE,
  30 * MINUTE,
  HOUR,
];

/** The longest pause after an attempt that failed because of the mail server or a store, not of the mail. */
const LONGEST_INNOCENT_PAUSE = MINUTE;

/** How long a mail that is not tried any more is kept. */
const FAILED_KEPT_FOR = 7 * DAY;

const FORGET_INTERVAL = HOUR;
const FORGET_LIMIT = 500;

/** How long the end of the process waits for attempts. */
const LONGEST_SHUTDOWN = 10 * SECOND;

export interface OutboxOptions {
  /** How many mails are sent at the same time, by default 5. */
  readonly parallel?: number;
  /** The age in milliseconds after which a mail is not tried again, by default 3 days. */
  readonly maxAge?: number;
}

class CheckedOptions {
  readonly parallel: number = 5;
  readonly maxAge: number = 3 * DAY;

  constructor(given: OutboxOptions) {
    assignOptions(this, 'OutboxOptions', given, { parallel: integer(1, 100), maxAge: milliseconds() });
  }
}

/**
 * Sends the mails of the outbox, from one process at a time. A mail is sent once, with two exceptions: the process or the connection
 * ends between the delivery and its confirmation, or the store is down after the delivery for longer than the lease of one minute. It
 * then has the same `Message-ID` again.
 */
export class Outbox implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger('Outbox');
  readonly #options: CheckedOptions;
  readonly #holder = randomUUID();
  readonly #alarm = new Alarm();
  readonly #attempts = new Map<string, Promise<void>>();
  /** Ids of mails that were sent or are not needed, and are still in the store. */
  readonly #finished = new Set<string>();
  readonly #storeOutage = new Outage(SECOND, 30 * SECOND);
  readonly #serverOutage = new Outage(5 * SECOND, MINUTE);
  #loop: Promise<void> | null = null;
  #forgotAt = -Infinity;
  #isStopped = false;

  constructor(
    private readonly store: OutboxStore,
    private readonly composer: MailComposer,
    private readonly mailer: Mailer,
    private readonly clock: Clock,
    options: OutboxOptions = {},
  ) {
    this.#options = new CheckedOptions(options);
  }

  onApplicationBootstrap(): void {
    this.#loop = this.#run();
  }

  /** Waits for attempts, before the stores are closed, and gives back the right to send. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.#loop === null) return;
    this.#isStopped = true;
    this.#alarm.ring();
    await Promise.race([
      this.#end(),
      new Promise((resolve) => setTimeout(resolve, LONGEST_SHUTDOWN).unref()),
    ]);
  }

  /** Has mails sent that were added in this process, without a pause. */
  wake(): void {
    this.#alarm.ring();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const pause = await this.#step().catch((error: unknown) => this.#noteStoreFailure(error));
      await this.#alarm.wait(pause);
    }
  }

  async #end(): Promise<void> {
    await this.#loop;
    await Promise.all(this.#attempts.values());
    try {
      await this.#removeFinished();
      await this.store.release(this.#holder);
    } catch (error) {
      this.#noteStoreFailure(error);
    }
  }

  /** Starts attempts. Returns the milliseconds until the next step, unless it is woken. */
  async #step(): Promise<number> {
    if (this.#storeOutage.rest > 0) return this.#storeOutage.rest;
    await this.#removeFinished();
    if (this.#serverOutage.rest > 0) return this.#serverOutage.rest;
    // One mail finds out whether the server is there again.
    const free = (this.#serverOutage.isOn ? 1 : this.#options.parallel) - this.#attempts.size;
    if (free > 0) await this.#startUpTo(free);
    return withJitter(POLL);
  }

  async #startUpTo(free: number): Promise<void> {
    const now = this.clock.now();
    // A mail whose attempt ends during the claim may be in its answer.
    const known = new Set([...this.#attempts.keys(), ...this.#finished]);
    const until = later(now, LEASE);
    const mails = await this.store.claim(this.#holder, now, until, known.size + free);
    if (this.#storeOutage.end()) this.#logger.log('The store of the outbox answers again.');
    if (mails === null || this.#isStopped) return;
    const others = mails.filter(({ id }) => !known.has(id));
    for (const mail of others.slice(0, free)) this.#start(mail);
    await this.#forgetOld(now);
  }

  #start(mail: StoredMail): void {
    const attempt = this.#attempt(mail).finally(() => {
      this.#attempts.delete(mail.id);
      this.#alarm.ring();
    });
    this.#attempts.set(mail.id, attempt);
  }

  async #attempt(mail: StoredMail): Promise<void> {
    const delivery = this.#deliver(mail);
    try {
      await within(delivery, LONGEST_ATTEMPT);
      await this.#finish(mail.id);
    } catch (error) {
      // A delivery that succeeds after its time is not repeated.
      if (error instanceof LateError) delivery.then(() => this.#finish(mail.id)).catch(() => {});
      await this.#postpone(mail, error).catch((cause: unknown) => this.#noteStoreFailure(cause));
    }
  }

  async #deliver(mail: StoredMail): Promise<void> {
    const message = await this.composer.compose(mail);
    if (message === null) return;
    try {
      await this.mailer.send(message);
    } catch (error) {
      if (!(error instanceof MailServerUnavailableError)) this.#noteServerAnswer();
      throw error;
    }
    this.#noteServerAnswer();
  }

  async #finish(id: string): Promise<void> {
    this.#finished.add(id);
    try {
      await this.#removeFinished();
    } catch (error) {
      this.#noteStoreFailure(error);
    }
  }

  /** Removes mails before others are claimed, so that none is sent again when a store answers again. */
  async #removeFinished(): Promise<void> {
    for (const id of this.#finished) {
      await this.store.remove(id);
      this.#finished.delete(id);
    }
  }

  async #postpone(mail: StoredMail, error: unknown): Promise<void> {
    const now = this.clock.now();
    const isOutage = error instanceof MailServerUnavailableError || error instanceof StoreUnavailableError;
    const pause = PAUSES[Math.min(mail.attempts, PAUSES.length - 1)]!;
    const nextAt = later(now, withJitter(isOutage ? Math.min(pause, LONGEST_INNOCENT_PAUSE) : pause));
    const isLast = error instanceof MailRefusedError || nextAt > later(mail.createdAt, this.#options.maxAge);
    const reason = reasonOf(error, mail.to);
    if (error instanceof MailServerUnavailableError) this.#noteServerFailure(reason);
    if (error instanceof StoreUnavailableError) this.#noteStoreFailure(error);
    if (isLast) this.#logger.warn(`Mail ${mail.id} (${mail.kind}) is not tried any more: ${reason}`);
    else if (!isOutage)
      this.#logger.warn(`Mail ${mail.id} (${mail.kind}) was not sent, and will be tried again: ${reason}`);
    await this.store.postpone(mail.id, isLast ? null : nextAt, reason);
  }

  async #forgetOld(now: Date): Promise<void> {
    if (performance.now() - this.#forgotAt < FORGET_INTERVAL) return;
    this.#forgotAt = performance.now();
    const before = earlier(now, this.#options.maxAge + FAILED_KEPT_FOR);
    while ((await this.store.forget(before, FORGET_LIMIT)) === FORGET_LIMIT);
  }

  #noteServerFailure(reason: string): void {
    if (this.#serverOutage.begin())
      this.#logger.warn(`The mail server is not available, and mails wait: ${reason}`);
  }

  #noteServerAnswer(): void {
    if (this.#serverOutage.end()) this.#logger.log('The mail server answers again.');
  }

  /** Returns the milliseconds until the next try. */
  #noteStoreFailure(error: unknown): number {
    if (this.#storeOutage.begin())
      this.#logger.warn(`The store of the outbox does not answer, and mails wait: ${reasonOf(error, '')}`);
    return this.#storeOutage.rest;
  }
}

class LateError extends Error {
  override readonly message = 'No result in time.';
}

async function within<T>(result: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError()), ms).unref();
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
