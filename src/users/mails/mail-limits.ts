import { Injectable } from '@nestjs/common';
import { Clock, isFromWrongClock, later } from '../../common/clock.js';
import { digest } from '../../common/digest.js';
import { DomainError } from '../../common/domain-error.js';
import { entriesIn } from '../../common/json.js';
import { networksOf } from '../../common/network.js';
import { untilStored } from '../../common/until-stored.js';
import { MailOptions } from '../../mail/mail-options.js';
import type { MailKind, OutboxMail } from '../../mail/outbox-mail.js';
import { isInstant } from '../../throttle/counter-text.js';
import { TokenStore } from '../token-store.js';
import { emailKey } from '../user.js';

const HOUR = 3_600_000;

/** The mails that somebody can cause who is not the owner of the address. */
export const BY_ANYONE: ReadonlySet<MailKind> = new Set([
  'verify_email',
  'reset_password',
  'address_taken',
  'confirm_address',
]);

/** The mails by which the owner of an account can save it. Nobody may be able to suppress them by causing others. */
const UNLIMITED: ReadonlySet<MailKind> = new Set([
  'address_changing',
  'address_changed',
  'address_change_cancelled',
  'password_changed',
  'factors_changed',
]);

/** Something that was counted: its id, and when, in epoch milliseconds. */
type Entry = readonly [id: string, at: number];

/**
 * Limits the mails of an hour by address, account and network. What is counted is kept with the tokens, so it holds for all
 * processes, and parallel requests count as sequential ones.
 */
@Injectable()
export class MailLimits {
  constructor(
    private readonly store: TokenStore,
    private readonly clock: Clock,
    private readonly options: MailOptions,
  ) {}

  /** Counts a request for a mail. Throws `too_many_mails` if the network of the client has reached its limit. */
  async countRequest(ip: string | null): Promise<void> {
    const id = String(Math.random());
    for (const { name, factor } of networksOf(ip)) {
      const wait = await this.#count(`mails:from:${name}`, id, this.options.perNetwork * factor);
      if (wait > 0) throw new DomainError('too_many_mails', { retryAfter: Math.ceil(wait / 1000) });
    }
  }

  /** Counts a mail that is about to be sent; false if the address or the account has reached its limit. One mail is counted once. */
  async allows({ id, kind }: OutboxMail, to: string, userId: string | null): Promise<boolean> {
    if (UNLIMITED.has(kind)) return true;
    const isTooMuch =
      BY_ANYONE.has(kind) &&
      (await this.#count(`mails:to:${digest(emailKey(to))}`, id, this.options.perAddress));
    if (isTooMuch) return false;
    return (
      userId === null || (await this.#count(`mails:of:${digest(userId)}`, id, this.options.perAccount)) === 0
    );
  }

  /** Returns 0, or the milliseconds until one more is counted. */
  #count(key: string, id: string, most: number): Promise<number> {
    return untilStored(async () => {
      const now = this.clock.now();
      const before = await this.store.read(key, now);
      const entries = entriesIn(before, isEntry).filter(
        ([, at]) => at > now.getTime() - HOUR && !isFromWrongClock(new Date(at), now),
      );
      if (entries.some(([counted]) => counted === id)) return 0;
      if (entries.length >= most) return entries[entries.length - most]![1] + HOUR - now.getTime();
      const next: Entry[] = [...entries, [id, now.getTime()]];
      return (await this.store.swap(key, before, JSON.stringify(next), later(now, HOUR), now)) ? 0 : null;
    });
  }
}

function isEntry(value: unknown): value is Entry {
  return Array.isArray(value) && typeof value[0] === 'string' && isInstant(value[1]);
}
