import { Injectable, type Type } from '@nestjs/common';
import { ANONYMOUS, Auth, type AuthResult } from '../../auth/auth.js';
import { BasicAuth } from '../../auth/strategies/basic.auth.js';

/** Accepts no credential. */
@Injectable()
export class BareAuth extends Auth {
  readonly challenges = ['Session'];

  async authenticate(): Promise<AuthResult> {
    return ANONYMOUS;
  }
}

/** Reads only headers that begin with exactly `Basic` and one blank. */
@Injectable()
export class AlxBasicAuth extends BasicAuth {
  protected override readonly header = /^Basic (.*)$/;
}

/** The strategies of the course contract that differ from the standard ones. */
export const ALX_STRATEGIES: Readonly<Record<string, Type<Auth>>> = {
  auth: BareAuth,
  basic_auth: AlxBasicAuth,
};
