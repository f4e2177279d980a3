import { Injectable } from '@nestjs/common';
import { BearerCarrier } from './bearer-carrier.js';
import { CookieCarrier } from './cookie-carrier.js';

/** The carriers that the built-in strategies choose from. */
@Injectable()
export class Carriers {
  constructor(
    readonly cookie: CookieCarrier,
    readonly bearer: BearerCarrier,
  ) {}
}
