import { Injectable } from '@nestjs/common';
import type { Initiator } from '../audit/initiator.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { UserWatcher } from '../users/user-watcher.js';

/** Ends the sessions of users who are disabled or deleted: worthless they are by then, and this tells their holders why. */
@Injectable()
export class SessionEnder extends UserWatcher {
  constructor(private readonly sessions: SessionsService) {
    super();
  }

  async barred(userId: string, why: 'user_disabled' | 'user_deleted', by: Initiator): Promise<void> {
    await this.sessions.endAll(userId, why, undefined, by);
  }
}
