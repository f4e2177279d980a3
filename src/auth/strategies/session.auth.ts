import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { initiatorOf } from '../../audit/initiator.js';
import { clientFacts } from '../../http/client-facts.js';
import type { Session } from '../../sessions/session.js';
import { SessionLifetime } from '../../sessions/session-lifetime.js';
import { type DeadReason, SessionsService } from '../../sessions/sessions.service.js';
import type { User } from '../../users/user.js';
import { ANONYMOUS, Auth, type AuthResult, type Exchange, type Rejection, rejected } from '../auth.js';
import { AuthOptions } from '../auth-options.js';
import { SessionCookie } from '../session-cookie.js';
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

/** What a browser forgets of us at sign-out. Its cookies it would forget for our whole domain, other hosts' too. */
const LEFT_BEHIND = '"cache", "storage"';

/** A cookie names a session, and the session a user. */
@Injectable()
export class SessionAuth extends Auth {
  readonly challenge: string;
  protected readonly lifetime: SessionLifetime = SessionLifetime.unlimited;

  constructor(
    protected readonly sessions: SessionsService,
    private readonly users: SessionUsers,
    private readonly cookie: SessionCookie,
    protected readonly options: AuthOptions,
  ) {
    super();
    this.challenge = `Session realm="${options.realm}"`;
  }

  async authenticate(request: Request): Promise<AuthResult> {
    const text = this.cookie.read(request);
    if (text === null) return ANONYMOUS;
    const holder: { user: User | null } = { user: null };
    const resumption = await this.sessions.resume(text, this.lifetime, async (id, now) => {
      const found = await this.users.find(id, now);
      holder.user = found?.user ?? null;
      return found?.session ?? null;
    });
    if (resumption.outcome === 'dead') return this.#reject(request, REJECTIONS[resumption.reason]);
    const { session } = resumption;
    const { user } = holder;
    if (!user) return this.#reject(request, 'credentials_invalid');
    if (user.disabled) return this.#reject(request, 'user_disabled');
    if (user.credentialVersion !== session.credentialVersion)
      return this.#reject(request, 'password_changed');
    return { outcome: 'authenticated', principal: { user, session } };
  }

  override async holder(request: Request): Promise<string | null> {
    const text = this.cookie.read(request);
    return text === null ? null : this.sessions.holder(text);
  }

  /** Always opens a new session and ends the one that the client brought: there is nothing to fixate. */
  override async signIn(user: User, { request, response }: Exchange): Promise<Session> {
    const by = initiatorOf(request, user.id);
    const brought = this.cookie.read(request);
    if (brought !== null) await this.sessions.close(brought, by);
    const { token, session } = await this.sessions.open(user, clientFacts(request), this.lifetime, by);
    this.cookie.write(response, token);
    return session;
  }

  override async signOut({ request, response }: Exchange): Promise<boolean> {
    const text = this.cookie.read(request);
    if (text === null) return false;
    const isOver = await this.sessions.close(text, initiatorOf(request));
    this.#takeBack(response);
    if (isOver && this.options.dialect.clearsCookie) response.setHeader('Clear-Site-Data', LEFT_BEHIND);
    return isOver;
  }

  #reject({ res }: Request, reason: Rejection): AuthResult {
    if (res) this.#takeBack(res);
    return rejected(reason);
  }

  /** A ticket that is no good is no good to its holder either. */
  #takeBack(response: Response): void {
    if (this.options.dialect.clearsCookie) this.cookie.clear(response);
  }
}
