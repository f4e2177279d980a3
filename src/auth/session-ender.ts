import { Injectable } from '@nestjs/common';
import type { Initiator } from '../audit/initiator.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { UserWatcher } from '../users/user-watcher.js';

/** Ends the sessions of users who are disabled, deleted or have a new password. They are invalid already; this records why. */
@Injectable()
export class SessionEnder extends UserWatcher {
  constructor(private readonly sessions: SessionsService) {
    super();
  }

  async barred(
    userId: string,
    why: 'user_disabled' | 'user_deleted' | 'password_changed',
    by: Initiator,
  ): Promise<void> {
    await this.sessions.endAll(userId, why, undefined, by);
  }
}
