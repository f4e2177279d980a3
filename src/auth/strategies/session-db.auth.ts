import { Injectable } from '@nestjs/common';
import { SessionsService } from '../../sessions/sessions.service.js';
import { AuthOptions } from '../auth-options.js';
import { Carriers } from '../carriers/carriers.js';
import { SessionUsers } from '../session-users.js';
import { SessionExpAuth } from './session-exp.auth.js';

/**
 * Sessions that survive a restart and are shared between processes. Throws if the session store is not durable, except with
 * `allowMemorySessionsInTests`.
 */
@Injectable()
export class SessionDbAuth extends SessionExpAuth {
  constructor(sessions: SessionsService, users: SessionUsers, carriers: Carriers, options: AuthOptions) {
    super(sessions, users, carriers, options);
    if (!sessions.durable && !options.allowMemorySessionsInTests)
      throw new Error(
        'session_db_auth and token_auth need a durable session store, such as sqlite:<file>. Tests may set allowMemorySessionsInTests.',
      );
  }
}
