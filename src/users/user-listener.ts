import type { Initiator } from '../audit/initiator.js';

/**
 * Is notified when users may no longer sign in. Provide a subclass in any module: every subclass is notified. A built-in one
 * ends the sessions of the user.
 */
export abstract class UserListener {
  /**
   * Called after a user was disabled or deleted or their password was reset, and before the caller gets the result. If it
   * throws, the caller gets the error, and nothing is undone.
   */
  abstract onUserDeactivated(
    userId: string,
    reason: 'user_disabled' | 'user_deleted' | 'password_changed',
    by: Initiator,
  ): Promise<void>;
}
