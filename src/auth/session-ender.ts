import { Injectable, Logger } from '@nestjs/common';
import { StoreUnavailableError } from '../common/domain-error.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { UserListener } from '../users/user-listener.js';

/**
 * Ends the sessions of a deactivated user, so that their clients get the reason. The sessions are invalid in any case, so an
 * unavailable session store is only logged.
 */
@Injectable()
export class SessionEnder extends UserListener {
  readonly #logger = new Logger('Sessions');

  constructor(private readonly sessions: SessionsService) {
    super();
  }

  async onUserDeactivated(
    ...[userId, reason, by]: Parameters<UserListener['onUserDeactivated']>
  ): Promise<void> {
    try {
      await this.sessions.endAll(userId, reason, undefined, by);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#logger.warn(
        `The sessions of user ${userId} are invalid, but could not be marked as ended, so their owner is not told why (${reason}).`,
      );
    }
  }
}
