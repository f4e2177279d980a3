import type { EndingCode } from '../sessions/endings.js';
import type { Session, Transport } from '../sessions/session.js';
import type { SessionToken } from '../sessions/session-token.js';
import type { Identity } from '../users/identity.js';
import type { AppUser } from '../users/user-directory.js';
import type { AuthRequest } from './auth-request.js';
import type { TokenCarrier } from './carriers/token-carrier.js';

/** The authenticated user of a request, and the session; null if the credential is not a session (Basic). */
export interface Principal<U extends object = AppUser> extends Identity<U> {
  readonly session: Session | null;
  /** Set if the request itself carried the password, so that `@Fresh()` accepts it. */
  readonly isProven?: true;
}

/** A principal as a strategy may give it. The guard adds what is left out. */
export type PrincipalGiven = Pick<Principal, 'user' | 'session' | 'isProven'> & Partial<Identity>;

/** The options that a client chooses at sign-in. */
export interface SignInOptions {
  readonly transport: Transport;
  /** Whether the session gets the limits of remembered sessions. */
  readonly remember: boolean;
  /** A name for the session; null for none. */
  readonly label: string | null;
}

/** A session and its token. The response body must contain the token; null if a cookie carries it. */
export interface IssuedSession {
  readonly session: Session;
  readonly token: SessionToken | null;
}

/** Why a presented credential is invalid: a `code` of problem documents. */
export type Rejection = 'credentials_invalid' | 'email_not_verified' | 'second_factor_required' | EndingCode;

export type AuthResult =
  | { readonly outcome: 'authenticated'; readonly principal: PrincipalGiven }
  /** The request has no credential for this strategy. The next strategy is tried. */
  | { readonly outcome: 'anonymous' }
  /** The request has an invalid credential for this strategy. No other strategy is tried. */
  | {
      readonly outcome: 'rejected';
      readonly reason: Rejection;
      /** When the session ended, for the client that presented its token; null if not known. */
      readonly at: Date | null;
      /** The challenges that answer this credential, if they are not the `challenges` of the strategy. */
      readonly challenges?: readonly string[];
      /** The carrier of a token that the client should forget. */
      readonly forget?: TokenCarrier;
    };

export const ANONYMOUS: AuthResult = { outcome: 'anonymous' };

export function rejected(
  reason: Rejection = 'credentials_invalid',
  at: Date | null = null,
): Extract<AuthResult, { outcome: 'rejected' }> {
  return { outcome: 'rejected', reason, at };
}

/** An authentication strategy: finds out which user sent a request. */
export abstract class Auth {
  /** The challenges of `WWW-Authenticate` (RFC 9110, section 11.6.1), one for each strategy. */
  abstract readonly challenges: readonly string[];

  /**
   * Authenticates a request and changes nothing: no cookie, no header. An invalid credential is a result; an exception means
   * that it could not be checked.
   */
  abstract authenticate(request: AuthRequest): Promise<AuthResult>;

  /**
   * Looks up again a principal that this strategy has admitted, without its credential: for sockets, which outlive tokens. If
   * `isUse` is false, this does not count as a use of the session. Null if the strategy cannot do so or has not admitted the
   * principal; the credential of the handshake is authenticated again then.
   */
  recheck(_principal: Principal<object>, _isUse: boolean): Promise<AuthResult> | null {
    return null;
  }
}

declare global {
  namespace Express {
    interface Request {
      /**
       * Set by the guard on routes that are not public. `@CurrentUser()` has the user in the type of the application; here it must
       * be the same in the declarations for `import` and for `require`.
       */
      principal?: Principal<object>;
    }
  }
}
