import type { Initiator } from '../audit/initiator.js';

/** Whoever grants users something, and ends it when they may not sign in any more. */
export abstract class UserWatcher {
  /** Is told after a user was disabled or deleted, and done before the caller is told. */
  abstract barred(userId: string, why: 'user_disabled' | 'user_deleted', by: Initiator): Promise<void>;
}
