import { Injectable } from '@nestjs/common';
import type { AuthResult } from '../auth.js';
import type { AuthRequest } from '../auth-request.js';
import type { TokenCarrier } from '../carriers/token-carrier.js';
import { SessionDbAuth } from './session-db.auth.js';

/** Sessions whose token the client sends in `Authorization: Bearer` (RFC 6750). */
@Injectable()
export class TokenAuth extends SessionDbAuth {
  override readonly challenges = [`Bearer realm="${this.options.realm}"`];
  override readonly carrier: TokenCarrier = this.carriers.bearer;

  /** Adds `error="invalid_token"` to the challenge of a refused token (RFC 6750, section 3.1). */
  override async authenticate(request: AuthRequest): Promise<AuthResult> {
    const result = await super.authenticate(request);
    if (result.outcome !== 'rejected') return result;
    return { ...result, challenges: this.challenges.map((one) => `${one}, error="invalid_token"`) };
  }
}
