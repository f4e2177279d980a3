import type { Initiator } from '../audit/initiator.js';

/**
 * Is told when users may no longer sign in. Provide a subclass in any module: every one is told, beside the one that ends
 * the sessions of the user.
 */
export abstract class UserListener {
  /**
   * Called after a user was disabled or deleted or their password was reset, and before the caller is told. An error that
   * it throws reaches the caller, and undoes nothing.
   */
  abstract onUserDeactivated(
    userId: string,
    reason: 'user_disabled' | 'user_deleted' | 'password_changed',
    by: Initiator,
  ): Promise<void>;
}
