import { type Initiator, PROGRAM } from '../audit/initiator.js';
import type { SecurityEvents } from '../audit/security-events.js';
import { DomainError } from '../common/domain-error.js';
import type { Accounts, KnownUser } from '../users/accounts.js';
import { isEnrolled } from './factor-set.js';
import type { UserFactors } from './user-factors.js';

/** Removes the second factors of users who have lost them. */
export class FactorResetService {
  constructor(
    private readonly factors: UserFactors,
    private readonly accounts: Accounts,
    private readonly events?: SecurityEvents,
  ) {}

  /**
   * Removes all factors of a user, who is told by mail, or of one whom the application has deleted. False if there are none. Throws
   * `not_found` if nobody knows the user.
   */
  async reset(userId: string, by: Initiator = PROGRAM): Promise<boolean> {
    const known = await this.accounts.findById(userId);
    const isDone = known ? await this.#remove(known, by) : await this.factors.forget(userId);
    if (!known && !isDone) throw new DomainError('not_found');
    if (isDone) await this.events?.emit({ type: 'factors_reset', subjectId: userId }, by);
    return isDone;
  }

  async #remove(known: KnownUser, by: Initiator): Promise<boolean> {
    const changed = await this.factors.change(known, by, (set) =>
      isEnrolled(set) ? { set: { ...set, totp: null, passkeys: [], recovery: null }, notice: 'reset' } : null,
    );
    return changed !== null;
  }
}
