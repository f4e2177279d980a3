import { Injectable, type Type } from '@nestjs/common';
import { ANONYMOUS, Auth, type AuthResult } from '../../auth/auth.js';
import { BasicAuth } from '../../auth/strategies/basic.auth.js';

/** Accepts no credential. */
@Injectable()
export class BareAuth extends Auth {
  readonly challenge = 'Session';

  async authenticate(): Promise<AuthResult> {
    return ANONYMOUS;
  }
}

/** Reads a header that begins with `Basic` and one blank, to the letter. */
@Injectable()
export class AlxBasicAuth extends BasicAuth {
  protected override readonly header = /^Basic (.*)$/;
}

/** The strategies of the contract that are not those of the standard. */
export const ALX_STRATEGIES: Readonly<Record<string, Type<Auth>>> = {
  auth: BareAuth,
  basic_auth: AlxBasicAuth,
};
