import type { Initiator } from '../audit/initiator.js';

/** Whoever grants users something, and ends it when they may not sign in any more. */
export abstract class UserListener {
  /** Is told after a user was disabled or deleted or their password was reset; the caller is told afterwards. */
  abstract onUserDeactivated(
    userId: string,
    why: 'user_disabled' | 'user_deleted' | 'password_changed',
    by: Initiator,
  ): Promise<void>;
}
