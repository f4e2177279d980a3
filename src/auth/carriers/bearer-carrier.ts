import { Injectable } from '@nestjs/common';
import type { SessionToken } from '../../sessions/session-token.js';
import type { AuthRequest } from '../auth-request.js';
import type { ResponseHeaders } from '../exchange/response-headers.js';
import { headerOf } from '../header-of.js';
import { TokenCarrier } from './token-carrier.js';

const BEARER = /^bearer(?: +(.*))?$/i;

/** Tokens in `Authorization: Bearer` (RFC 6750). The response body of a sign-in contains the token. */
@Injectable()
export class BearerCarrier extends TokenCarrier {
  readonly transport = 'bearer';

  read(request: AuthRequest): string | null {
    const bearer = BEARER.exec(headerOf(request, 'authorization'));
    return bearer && (bearer[1] ?? '');
  }

  handOut<Token extends Pick<SessionToken, 'reveal'>>(_headers: ResponseHeaders, token: Token): Token {
    return token;
  }

  takeBack(): void {}
}
