import { Injectable } from '@nestjs/common';
import { SessionLifetime } from '../../sessions/session-lifetime.js';
import { SessionAuth } from './session.auth.js';

/** A session that also ends by itself: when left idle, and at the latest some time after sign-in. */
@Injectable()
export class SessionExpAuth extends SessionAuth {
  protected override readonly lifetime = new SessionLifetime(this.options.lifetime, this.options.remembered);
}
