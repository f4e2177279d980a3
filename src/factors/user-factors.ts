import type { Initiator } from '../audit/initiator.js';
import { untilStored } from '../common/until-stored.js';
import type { FactorChange } from '../mail/outbox-mail.js';
import type { Accounts } from '../users/accounts.js';
import type { Identity } from '../users/identity.js';
import { type MailQueue, changing, noticeOf } from '../users/mails/mail-queue.js';
import { type FactorSet, entryOf, isEnrolled, newFactorSet, setIn } from './factor-set.js';
import type { FactorStore } from './factor-store.js';

/** A change of the factors of a user: the new factors, and what the owner is told of. */
export interface SetChange {
  readonly set: FactorSet;
  readonly notice: FactorChange | null;
}

/** Reads and changes the factors of users. Each change is one atomic step, with the mail to the owner of the account. */
export class UserFactors {
  constructor(
    private readonly store: FactorStore,
    private readonly accounts: Accounts,
    private readonly mails?: MailQueue,
  ) {}

  /** The factors of a user; none if nothing is stored. */
  async of(userId: string): Promise<FactorSet | null> {
    const entry = await this.store.find(userId);
    return entry && setIn(entry);
  }

  /** Id of the user who has this handle; null for none. */
  ownerOf(handle: string): Promise<string | null> {
    return this.store.ownerOf(handle);
  }

  /** The factors of a user, whose handle is stored from now on, also if there are no factors. */
  reserve(userId: string): Promise<FactorSet> {
    return untilStored(async () => {
      const entry = await this.store.find(userId);
      if (entry) return setIn(entry);
      const set = newFactorSet();
      return (await this.store.swap(userId, null, entryOf(set))) ? set : null;
    });
  }

  /** Removes all that is stored of a user who is deleted, also if it cannot be read. False if there was nothing. */
  async forget(userId: string): Promise<boolean> {
    return (
      await untilStored(async () => {
        const entry = await this.store.find(userId);
        if (!entry) return { isDone: false };
        return (await this.store.swap(userId, entry.text, null)) ? { isDone: true } : null;
      })
    ).isDone;
  }

  /**
   * Changes the factors of a user. `change` gets the current ones, also again if another request changed them in between, and returns
   * null to change nothing. Returns the factors before and after; null if nothing was changed.
   */
  async change(
    { user, account: { id } }: Pick<Identity, 'user' | 'account'>,
    by: Initiator,
    change: (before: FactorSet) => SetChange | null,
  ): Promise<{ readonly before: FactorSet; readonly after: FactorSet } | null> {
    return (
      await untilStored(async () => {
        const entry = await this.store.find(id);
        const before = entry ? setIn(entry) : newFactorSet();
        const changed = change(before);
        if (!changed) return { result: null };
        const { set: after, notice } = changed;
        const to = notice && this.accounts.addressOf(user);
        const causes = notice ? noticeOf('factors_changed', id, to, { factorChange: notice }) : [];
        // Recovery codes are of no use without a factor.
        const next = isEnrolled(after) ? entryOf(after) : null;
        const isSet = await changing(this.mails, this.store, causes, by, (mails) =>
          this.store.swap(id, entry?.text ?? null, next, mails),
        );
        return isSet ? { result: { before, after } } : null;
      })
    ).result;
  }
}
