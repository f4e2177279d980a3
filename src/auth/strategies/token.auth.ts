import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AuthResult } from '../auth.js';
import type { Transport } from '../../sessions/session.js';
import type { SessionToken } from '../../sessions/session-token.js';
import { SessionDbAuth } from './session-db.auth.js';

const BEARER = /^bearer(?: +(.*))?$/i;

/** The token travels in no cookie but in `Authorization: Bearer` (RFC 6750), and in the body of the answer to sign-in. */
@Injectable()
export class TokenAuth extends SessionDbAuth {
  override readonly challenge = `Bearer realm="${this.options.realm}"`;
  protected override readonly transport: Transport = 'bearer';

  /** What was presented and is refused is an invalid token (RFC 6750, section 3.1); without one no error is named. */
  override async authenticate(request: Request): Promise<AuthResult> {
    const result = await super.authenticate(request);
    return result.outcome === 'rejected'
      ? { ...result, challenge: `${this.challenge}, error="invalid_token"` }
      : result;
  }

  protected override tokenIn({ headers }: Request): string | null {
    const bearer = BEARER.exec(headers.authorization ?? '');
    return bearer && (bearer[1] ?? '');
  }

  protected override handOut(_response: Response, token: SessionToken): SessionToken {
    return token;
  }

  protected override takeBack(): void {}
}
