import { Injectable } from '@nestjs/common';
import { SessionLifetime } from '../../sessions/session-lifetime.js';
import { SessionAuth } from './session.auth.js';

/** Sessions that expire: when they are not used, and at the latest some time after sign-in. */
@Injectable()
export class SessionExpAuth extends SessionAuth {
  override readonly lifetime = new SessionLifetime(this.options.lifetime, this.options.remembered);
}
