import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock, later } from '../../common/clock.js';
import { digest } from '../../common/digest.js';
import { jsonIn } from '../../common/json.js';
import { isRecord } from '../../common/options.js';
import { untilStored } from '../../common/until-stored.js';
import type { OutboxMail } from '../../mail/outbox-mail.js';
import { isInstant } from '../../throttle/counter-text.js';
import { TokenStore } from '../token-store.js';
import { emailKey } from '../user.js';

/** How long a change can be cancelled, in milliseconds. */
export const CANCELLABLE_FOR = 72 * 3_600_000;

/** The longest time in which a change is cancelled, in milliseconds. */
const CANCELLING_TAKES = 30_000;

/** A change of the address of a user, which the old address can cancel, also when it is done. */
export interface AddressChange {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly state: 'pending' | 'done';
  /** When somebody began to cancel it, in epoch milliseconds; null if nobody does. */
  readonly cancelledAt: number | null;
  /** When it can no longer be cancelled, in epoch milliseconds. */
  readonly until: number;
}

/** A change as it is stored. */
export interface StoredChange extends AddressChange {
  /** The stored text, which a step replaces if it is still the same. */
  readonly text: string;
}

/** Keeps the last change of the address of each user, with the tokens. */
@Injectable()
export class AddressChanges {
  constructor(
    readonly store: TokenStore,
    private readonly clock: Clock,
  ) {}

  /** A change of a user that is not stored yet. */
  begin(from: string, to: string): AddressChange {
    const until = later(this.clock.now(), CANCELLABLE_FOR).getTime();
    return { id: randomUUID(), from, to, state: 'pending', cancelledAt: null, until };
  }

  /** The change of a user that can still be cancelled; null if there is none. */
  async of(userId: string): Promise<StoredChange | null> {
    return changeIn(await this.store.read(keyOf(userId), this.clock.now()));
  }

  /**
   * Stores a change in place of another one (null: none, or one that cannot be read), and adds mails in the same step. Returns whether this call stored it. The
   * old address is held before the change can be confirmed, and until it can no longer be cancelled.
   */
  async replace(
    userId: string,
    before: StoredChange | null,
    change: AddressChange,
    mails?: readonly OutboxMail[],
  ): Promise<boolean> {
    const now = this.clock.now();
    const until = new Date(change.until);
    const { id, from, to, state, cancelledAt } = change;
    const text = JSON.stringify({ id, from, to, state, cancelledAt, until: change.until });
    const current = before ? before.text : await this.store.read(keyOf(userId), now);
    if (!before && changeIn(current)) return false;
    if (before?.id !== id) await this.#hold(from, userId, until);
    return this.store.swap(keyOf(userId), current, text, until, now, mails);
  }

  /**
   * Begins to cancel a change, so that nobody else confirms or cancels it. Returns the change; null if somebody else does. Who has
   * not finished after half a minute has failed.
   */
  async beginCancelling(userId: string, change: StoredChange): Promise<StoredChange | null> {
    if (this.isBeingCancelled(change)) return null;
    const cancelledAt = this.clock.now().getTime();
    return (await this.replace(userId, change, { ...change, cancelledAt })) ? this.of(userId) : null;
  }

  isBeingCancelled({ cancelledAt }: AddressChange): boolean {
    const passed = this.clock.now().getTime() - (cancelledAt ?? -Infinity);
    return passed >= 0 && passed < CANCELLING_TAKES;
  }

  /** Removes a change. Returns whether this call removed it. */
  remove(userId: string, { text }: StoredChange, mails?: readonly OutboxMail[]): Promise<boolean> {
    const now = this.clock.now();
    return this.store.swap(keyOf(userId), text, 'cancelled', now, now, mails);
  }

  /** Ends the change of a user whose address was changed in another way. */
  async end(userId: string): Promise<void> {
    await untilStored(async () => {
      const change = await this.of(userId);
      return !change || (await this.remove(userId, change)) || null;
    });
  }

  /** Whether an address is held for another user (null: any), who may take it back. `find` returns null for a deleted user. */
  async isHeld(
    email: string,
    userId: string | null,
    find: (id: string) => Promise<object | null>,
  ): Promise<boolean> {
    const holder = await this.store.read(heldKey(email), this.clock.now());
    return holder !== null && holder !== userId && (await find(holder)) !== null;
  }

  async #hold(email: string, userId: string, until: Date): Promise<void> {
    const [key, now] = [heldKey(email), this.clock.now()];
    await this.store.swap(key, await this.store.read(key, now), userId, until, now);
  }
}

/** Null for no text, and for one that cannot be read. */
function changeIn(text: string | null): StoredChange | null {
  const change = text === null ? null : jsonIn(text);
  return text !== null && isChange(change) ? { ...change, text } : null;
}

function isChange(value: unknown): value is AddressChange {
  if (!isRecord(value)) return false;
  const { id, from, to, state, cancelledAt, until } = value;
  return (
    [id, from, to].every((text) => typeof text === 'string') &&
    (state === 'pending' || state === 'done') &&
    (cancelledAt === null || isInstant(cancelledAt)) &&
    isInstant(until)
  );
}

function keyOf(userId: string): string {
  return `address:${digest(userId)}`;
}

function heldKey(email: string): string {
  return `held:${digest(emailKey(email))}`;
}
