import { Injectable } from '@nestjs/common';
import { SessionsService } from '../../sessions/sessions.service.js';
import { AuthOptions } from '../auth-options.js';
import { SessionCookie } from '../carriers/session-cookie.js';
import { SessionUsers } from '../session-users.js';
import { SessionExpAuth } from './session-exp.auth.js';

/** A session that also outlives the process and is shared between processes: a store that forgets is refused. */
@Injectable()
export class SessionDbAuth extends SessionExpAuth {
  constructor(sessions: SessionsService, users: SessionUsers, cookie: SessionCookie, options: AuthOptions) {
    super(sessions, users, cookie, options);
    if (!sessions.durable)
      throw new Error('session_db_auth and token_auth need a durable session store, such as sqlite:<file>.');
  }
}
