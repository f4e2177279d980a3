import type { Request, Response } from 'express';
import type { Session } from '../sessions/session.js';
import type { User } from '../users/user.js';

/** Who is asking, and by which session; null where the credential is none. */
export interface Principal {
  readonly user: User;
  readonly session: Session | null;
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
  | { readonly outcome: 'authenticated'; readonly principal: Principal }
  /** Nothing was presented that concerns this scheme: another may speak. */
  | { readonly outcome: 'anonymous' }
  /** Presented, and no good: the matter is closed. */
  | { readonly outcome: 'rejected'; readonly reason: Rejection };

export const ANONYMOUS: AuthResult = { outcome: 'anonymous' };

export function rejected(reason: Rejection = 'credentials_invalid'): AuthResult {
  return { outcome: 'rejected', reason };
}

/** A request and the response to it. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/** A way to tell who is asking. */
export abstract class Auth {
  /** The challenge of `WWW-Authenticate` (RFC 9110, section 11.6.1). */
  abstract readonly challenge: string;

  /** A bad credential is an answer, never an exception; an exception means that we could not find out. */
  abstract authenticate(request: Request): Promise<AuthResult>;

  /** The user to whom what this request came with was given, be it worthless by now; null where there is none. */
  async holder(_request: Request): Promise<string | null> {
    return null;
  }

  /** Makes a verified user known to later requests. Null where there is nothing to remember. */
  async signIn(_user: User, _exchange: Exchange): Promise<Session | null> {
    return null;
  }

  /** Ends what this request's credential stands for. True only if this call made it worthless. */
  async signOut(_exchange: Exchange): Promise<boolean> {
    return false;
  }
}

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by the guard on routes that are not public. */
    principal?: Principal;
  }
}
