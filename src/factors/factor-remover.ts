import { UserListener } from '../users/user-listener.js';
import type { UserFactors } from './user-factors.js';

/** Removes the factors of deleted users, so that nobody who gets the same id later has them. */
export class FactorRemover extends UserListener {
  constructor(private readonly factors: UserFactors) {
    super();
  }

  async onUserDeactivated(...[userId, reason]: Parameters<UserListener['onUserDeactivated']>): Promise<void> {
    if (reason === 'user_deleted') await this.factors.forget(userId);
  }
}
