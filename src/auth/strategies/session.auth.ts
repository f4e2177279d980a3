import { Injectable } from '@nestjs/common';
import { ENDINGS } from '../../sessions/endings.js';
import type { Session } from '../../sessions/session.js';
import { SessionLifetime } from '../../sessions/session-lifetime.js';
import { SessionToken } from '../../sessions/session-token.js';
import { type DeadReason, SessionsService } from '../../sessions/sessions.service.js';
import type { Identity } from '../../users/identity.js';
import { ANONYMOUS, Auth, type AuthResult, type Principal, type Rejection, rejected } from '../auth.js';
import type { AuthRequest } from '../auth-request.js';
import { AuthOptions } from '../auth-options.js';
import { Carriers } from '../carriers/carriers.js';
import type { TokenCarrier } from '../carriers/token-carrier.js';
import { SessionUsers } from '../session-users.js';

/** Authenticates requests by the token of a session, which a cookie carries. Sessions do not expire. */
@Injectable()
export class SessionAuth extends Auth {
  readonly challenges: readonly string[];
  /** How long the sessions of this strategy last. */
  readonly lifetime: SessionLifetime = SessionLifetime.unlimited;
  /** How the tokens of this strategy travel. */
  readonly carrier: TokenCarrier;

  constructor(
    protected readonly sessions: SessionsService,
    private readonly users: SessionUsers,
    protected readonly carriers: Carriers,
    protected readonly options: AuthOptions,
  ) {
    super();
    this.carrier = carriers.cookie;
    this.challenges = [`Session realm="${options.realm}"`];
  }

  async authenticate(request: AuthRequest): Promise<AuthResult> {
    const text = this.carrier.read(request);
    if (text === null) return ANONYMOUS;
    let owner: Identity | null = null;
    const resumption = await this.sessions.resume(text, this.lifetime, async (id, now) => {
      const found = await this.users.find(id, now);
      if (found && !found.ending && found.session.transport !== this.carrier.transport) return null;
      owner = found?.owner ?? null;
      return found;
    });
    if (resumption.outcome === 'dead') {
      // The token may have been replaced a moment ago. The browser must keep the cookie with the new one.
      if (resumption.reason === 'unknown' && SessionToken.parse(text)) return rejected();
      return this.#forget(codeOf(resumption.reason), resumption.at);
    }
    const { session } = resumption;
    return this.#admit(session, owner);
  }

  /** Finds the session by its id, whatever its token is now. */
  override recheck({ session }: Principal<object>, isUse: boolean): Promise<AuthResult> | null {
    return session?.transport === this.carrier.transport ? this.#recheck(session.id, isUse) : null;
  }

  async #recheck(id: string, isUse: boolean): Promise<AuthResult> {
    let owner: Identity | null = null;
    const find = async (...key: [id: string, now: Date]) => {
      const found = await this.users.find(...key);
      owner = found?.owner ?? null;
      return found;
    };
    const resumption = await this.sessions.revisit(id, this.lifetime, isUse, find);
    if (resumption.outcome === 'live') return this.#admit(resumption.session, owner);
    return rejected(codeOf(resumption.reason), resumption.at);
  }

  #admit(session: Session, owner: Identity | null): AuthResult {
    if (!owner) return this.#forget('credentials_invalid');
    if (owner.account.disabled) return this.#forget('user_disabled');
    if (owner.credentialVersion !== session.credentialVersion) return this.#forget('password_changed');
    return { outcome: 'authenticated', principal: { ...owner, session } };
  }

  #forget(reason: Rejection, at: Date | null = null): AuthResult {
    return { ...rejected(reason, at), forget: this.carrier };
  }
}

/** A token whose secret does not match gets the same answer as one that was never issued. */
function codeOf(reason: DeadReason): Rejection {
  return reason === 'unknown' ? 'credentials_invalid' : ENDINGS[reason];
}
