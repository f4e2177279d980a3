import { Injectable } from '@nestjs/common';
import { CookieCarrier } from '../../auth/carriers/cookie-carrier.js';

/** A cookie that browsers keep after its session has ended. */
@Injectable()
export class AlxCookieCarrier extends CookieCarrier {
  override takeBack(): void {}
}
