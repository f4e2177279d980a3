import { UserListener } from '../users/user-listener.js';
import type { FactorStore } from './factor-store.js';
import { untilStored } from '../common/until-stored.js';

/** Removes the factors of deleted users, so that nobody who gets the same id later has them. */
export class FactorRemover extends UserListener {
  constructor(private readonly store: FactorStore) {
    super();
  }

  async onUserDeactivated(...[userId, reason]: Parameters<UserListener['onUserDeactivated']>): Promise<void> {
    if (reason !== 'user_deleted') return;
    await untilStored(async () => {
      const entry = await this.store.find(userId);
      return !entry || (await this.store.swap(userId, entry.text, null)) || null;
    });
  }
}
