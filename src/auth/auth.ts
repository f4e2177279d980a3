import type { Request, Response } from 'express';
import type { Session, Transport } from '../sessions/session.js';
import type { SessionToken } from '../sessions/session-token.js';
import type { User } from '../users/user.js';

/** Who is asking, and by which session; null where the credential is none. */
export interface Principal {
  readonly user: User;
  readonly session: Session | null;
  /** Set where the request itself carried the password: nobody need prove it once more. */
  readonly isProven?: true;
}

/** What a client asks of a sign-in. */
export interface SignInOptions {
  readonly transport: Transport;
  /** Whether the limits of remembered sessions are to hold. */
  readonly remember: boolean;
  /** What the session is to be called. */
  readonly label: string | null;
}

export const DEFAULT_SIGN_IN_OPTIONS: SignInOptions = { transport: 'cookie', remember: false, label: null };

/** A session, and the token that the answer's body is to carry; null where its headers do. */
export interface IssuedSession {
  readonly session: Session;
  readonly token: SessionToken | null;
}

/** When a session ends however much it is used, and unless it is used; null for never. */
export interface SessionEnds {
  readonly expiresAt: Date | null;
  readonly idleExpiresAt: Date | null;
}

/** Why a presented credential is no good, in the words of problem bodies. */
export type Rejection =
  | 'credentials_invalid'
  | 'session_expired_idle'
  | 'session_expired_absolute'
  | 'session_signed_out'
  | 'session_ended_elsewhere'
  | 'session_evicted'
  | 'session_ended_by_admin'
  | 'password_changed'
  | 'user_disabled'
  | 'user_deleted';

export type AuthResult =
  | {
      readonly outcome: 'authenticated';
      readonly principal: Principal;
      /** The challenge of what was presented, where that is not the one of the strategy that is asked. */
      readonly challenge?: string;
    }
  /** Nothing was presented that concerns this strategy: another may speak. */
  | { readonly outcome: 'anonymous' }
  /** Presented, and no good: the matter is closed. */
  | {
      readonly outcome: 'rejected';
      readonly reason: Rejection;
      /** Since when the session is over, for its holder; null where that is not known. */
      readonly at: Date | null;
      /** The challenge of what was presented, where that is not the one of the strategy that is asked. */
      readonly challenge?: string;
    };

export const ANONYMOUS: AuthResult = { outcome: 'anonymous' };

export function rejected(reason: Rejection = 'credentials_invalid', at: Date | null = null): AuthResult {
  return { outcome: 'rejected', reason, at };
}

/** A request and the response to it. */
export interface HttpExchange {
  readonly request: Request;
  readonly response: Response;
}

/** A way to tell who is asking. */
export abstract class Auth {
  /** The challenge of `WWW-Authenticate` (RFC 9110, section 11.6.1). */
  abstract readonly challenge: string;

  /** The challenges for a request that presents nothing, one for each strategy. */
  get challenges(): readonly string[] {
    return [this.challenge];
  }

  /** How the tokens that a sign-in issues can travel, the usual way first; empty where nobody signs in. */
  get transports(): readonly Transport[] {
    return this.signIn === Auth.prototype.signIn ? [] : ['cookie'];
  }

  /** A bad credential is an answer, never an exception; an exception means that we could not find out. */
  abstract authenticate(request: Request): Promise<AuthResult>;

  /** Id of the user whom the presented token was issued to, even if it has ended; null where there is none. */
  async tokenOwner(_request: Request): Promise<string | null> {
    return null;
  }

  /** Makes a verified user known to later requests. Null where that is not what the options ask for, or there is no memory. */
  async signIn(_user: User, _exchange: HttpExchange, _wish?: SignInOptions): Promise<IssuedSession | null> {
    return null;
  }

  /**
   * Gives the session that this request came with another token and all of its time again, as the user has just proven
   * themselves anew. Null where there is none, or another call was faster.
   */
  async renew(_exchange: HttpExchange): Promise<IssuedSession | null> {
    return null;
  }

  /** Ends what this request's credential stands for. True only if this call made it worthless. */
  async signOut(_exchange: HttpExchange): Promise<boolean> {
    return false;
  }

  /** When a session of this strategy ends; null for one of another. */
  endsOf(_session: Session): SessionEnds | null {
    return null;
  }
}

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by the guard on routes that are not public. */
    principal?: Principal;
    /** The challenge of the credential that was presented, where it is not the only one there is; set by the guard. */
    challenge?: string;
  }
}
