import { Injectable } from '@nestjs/common';
import { SessionCookie } from '../../auth/carriers/session-cookie.js';

/** A cookie that browsers keep after its session has ended. */
@Injectable()
export class AlxSessionCookie extends SessionCookie {
  override clear(): void {}
}
