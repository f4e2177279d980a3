import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { initiatorOf } from '../request-initiator.js';
import { clientFacts } from '../client-facts.js';
import { endOrNull } from '../../common/clock.js';
import type { Session, Transport } from '../../sessions/session.js';
import { SessionLifetime } from '../../sessions/session-lifetime.js';
import { SessionToken } from '../../sessions/session-token.js';
import { type DeadReason, SessionsService } from '../../sessions/sessions.service.js';
import type { User } from '../../users/user.js';
import {
  ANONYMOUS,
  Auth,
  type AuthResult,
  type HttpExchange,
  type IssuedSession,
  type Rejection,
  type SessionEnds,
  DEFAULT_SIGN_IN_OPTIONS,
  rejected,
} from '../auth.js';
import { AuthOptions } from '../auth-options.js';
import { SessionCookie } from '../carriers/session-cookie.js';
import { SessionUsers } from '../session-users.js';

const REJECTIONS: Record<DeadReason, Rejection> = {
  unknown: 'credentials_invalid',
  expired_idle: 'session_expired_idle',
  expired_absolute: 'session_expired_absolute',
  signed_out: 'session_signed_out',
  ended_elsewhere: 'session_ended_elsewhere',
  evicted: 'session_evicted',
  ended_by_admin: 'session_ended_by_admin',
  password_changed: 'password_changed',
  user_disabled: 'user_disabled',
  user_deleted: 'user_deleted',
};

/** A cookie names a session, and the session a user. */
@Injectable()
export class SessionAuth extends Auth {
  readonly challenge: string;
  protected readonly lifetime: SessionLifetime = SessionLifetime.unlimited;
  protected readonly transport: Transport = 'cookie';

  constructor(
    protected readonly sessions: SessionsService,
    private readonly users: SessionUsers,
    private readonly cookie: SessionCookie,
    protected readonly options: AuthOptions,
  ) {
    super();
    this.challenge = `Session realm="${options.realm}"`;
  }

  override get transports(): readonly Transport[] {
    return [this.transport];
  }

  async authenticate(request: Request): Promise<AuthResult> {
    const text = this.tokenIn(request);
    if (text === null) return ANONYMOUS;
    const holder: { user: User | null } = { user: null };
    const resumption = await this.sessions.resume(text, this.lifetime, async (id, now) => {
      const found = await this.users.find(id, now);
      if (found?.session.transport !== this.transport) return null;
      holder.user = found.user;
      return found.session;
    });
    if (resumption.outcome === 'dead') {
      // It may be the one before the one that this browser was given a moment ago, which it is not to lose.
      if (resumption.reason === 'unknown' && SessionToken.parse(text)) return rejected();
      return this.#reject(request, REJECTIONS[resumption.reason], resumption.at);
    }
    const { session } = resumption;
    const { user } = holder;
    if (!user) return this.#reject(request, 'credentials_invalid');
    if (user.disabled) return this.#reject(request, 'user_disabled');
    if (user.credentialVersion !== session.credentialVersion)
      return this.#reject(request, 'password_changed');
    return { outcome: 'authenticated', principal: { user, session } };
  }

  override async tokenOwner(request: Request): Promise<string | null> {
    const text = this.tokenIn(request);
    return text === null ? null : this.sessions.tokenOwner(text);
  }

  /**
   * Always opens a new session and ends the one that the client brought: there is nothing to fixate. A token that is
   * presented in another's way is nothing to us, and an access token is its program's.
   */
  override async signIn(
    user: User,
    { request, response }: HttpExchange,
    { transport, remember, label } = DEFAULT_SIGN_IN_OPTIONS,
  ): Promise<IssuedSession | null> {
    if (transport !== this.transport) return null;
    const by = initiatorOf(request, user.id);
    const brought = this.tokenIn(request);
    if (brought !== null)
      await this.sessions.close(
        brought,
        by,
        (session) => session.transport === this.transport && session.kind !== 'access_token',
      );
    const kind = remember ? 'remembered' : 'session';
    const terms = { kind, transport, label } as const;
    const opened = await this.sessions.open(user, clientFacts(request), this.lifetime, by, terms);
    return { session: opened.session, token: this.handOut(response, opened.token, opened.session) };
  }

  override async renew({ request, response }: HttpExchange): Promise<IssuedSession | null> {
    const text = this.#ownTokenOf(request);
    const renewed =
      text === null ? null : await this.sessions.renew(text, this.lifetime, initiatorOf(request));
    return (
      renewed && { session: renewed.session, token: this.handOut(response, renewed.token, renewed.session) }
    );
  }

  override async signOut({ request, response }: HttpExchange): Promise<boolean> {
    const text = this.#ownTokenOf(request);
    if (text === null) return false;
    const isOver = await this.sessions.close(text, initiatorOf(request));
    this.takeBack(response);
    const { clearSiteData } = this.options;
    if (isOver && this.transport === 'cookie' && clearSiteData.length > 0)
      response.setHeader('Clear-Site-Data', clearSiteData.map((kind) => `"${kind}"`).join(', '));
    return isOver;
  }

  override endsOf(session: Session): SessionEnds | null {
    if (session.transport !== this.transport) return null;
    return {
      expiresAt: endOrNull(this.lifetime.limit(session)),
      idleExpiresAt: this.lifetime.hasIdleLimit(session) ? endOrNull(this.lifetime.endOf(session)) : null,
    };
  }

  /** The token that a request carries; null for none, and '' for what no server of ours can have given out. */
  protected tokenIn(request: Request): string | null {
    return this.cookie.read(request);
  }

  /**
   * Gives the client its token, or returns it where the body of the answer is to carry it. The cookie of a remembered session
   * lasts until the absolute limit: sent again at a use, it could bring back a token that was replaced in the meantime.
   */
  protected handOut(response: Response, token: SessionToken, session: Session): SessionToken | null {
    const left = this.lifetime.limit(session).getTime() - session.lastSeenAt.getTime();
    this.cookie.write(response, token, session.kind === 'remembered' ? left : null);
    return null;
  }

  /** Has the client delete a cookie whose token is invalid. */
  protected takeBack(response: Response): void {
    this.cookie.clear(response);
  }

  /** The token of the session that let a request in; null where another credential did, which may be another user's. */
  #ownTokenOf(request: Request): string | null {
    const [{ principal }, text] = [request, this.tokenIn(request)];
    if (!principal || text === null) return text;
    return principal.session && SessionToken.parse(text)?.id === principal.session.id ? text : null;
  }

  #reject({ res }: Request, reason: Rejection, at: Date | null = null): AuthResult {
    if (res) this.takeBack(res);
    return rejected(reason, at);
  }
}
