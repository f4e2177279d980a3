import type { Transport } from '../../sessions/session.js';
import type { SessionToken } from '../../sessions/session-token.js';
import type { AuthRequest } from '../auth-request.js';
import type { ResponseHeaders } from '../exchange/response-headers.js';

/** How a session token travels between client and server. */
export abstract class TokenCarrier {
  /** The transport of the tokens. A token that was issued for another one is invalid here. */
  abstract readonly transport: Transport;

  /** The token that a request carries; null for none, and '' for a value that cannot be a token. */
  abstract read(request: AuthRequest): string | null;

  /**
   * Hands a token to the client for `maxAge` milliseconds; null for until the client ends. Returns the token if the body of the
   * response must contain it.
   */
  abstract handOut(
    response: ResponseHeaders,
    token: SessionToken,
    maxAge: number | null,
  ): SessionToken | null;

  /** Makes the client forget its token. */
  abstract takeBack(response: ResponseHeaders): void;
}
