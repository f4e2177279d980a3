import { Injectable } from '@nestjs/common';
import type { Session } from '../../../sessions/session.js';
import type { Identity } from '../../../users/identity.js';
import type { IssuedSession } from '../../../auth/auth.js';
import { AuthNeeds } from '../../../auth/auth-needs.js';
import { SignInService } from '../../../auth/sign-in.service.js';
import { deviceOf } from '../../../common/device.js';
import type { SessionDto } from './session.dto.js';
import { type User, isAdmin } from '../../../users/user.js';
import { userJson } from '../users/user-json.js';
import { withToken } from '../../../auth/carriers/with-token.js';

/** The JSON of sessions, without secrets. */
@Injectable()
export class SessionView {
  constructor(
    private readonly signIns: SignInService,
    private readonly needs: AuthNeeds,
  ) {}

  /** The JSON of a session, for a client whose own session is `current`. */
  show(session: Session, current: Session | null): SessionDto {
    return {
      id: session.id,
      current: session.id === current?.id,
      kind: session.kind,
      transport: session.transport,
      scope: session.scope,
      label: session.label,
      created_at: this.timestamp(session.createdAt),
      authenticated_at: this.timestamp(session.authenticatedAt),
      proofs: this.#proofs(session),
      last_seen_at: this.timestamp(session.lastSeenAt),
      ...this.#ends(session),
      ip: session.client.ip,
      device: deviceOf(session.client.userAgent),
    };
  }

  /** The JSON of the user of a session, for that user: of a user of the application's own, id, login and roles. */
  showUser({ user, account: { id, login, roles } }: Pick<Identity, 'user' | 'account'>): object {
    return this.signIns.accounts.isBuiltIn ? this.builtInUser(user) : { id, login, roles };
  }

  protected builtInUser(user: User): object {
    return userJson(user, isAdmin(user, this.needs.usersOptions));
  }

  /** The JSON for a user who signs in, with the token and its end unless a cookie carries the token. */
  signedIn(identity: Pick<Identity, 'user' | 'account'>, issued: IssuedSession | null): object {
    const shown = this.showUser(identity);
    return issued?.token ? withToken({ ...shown, ...this.#ends(issued.session) }, issued.token) : shown;
  }

  protected timestamp(at: Date): string {
    return at.toISOString();
  }

  /** When each proof was given last. */
  #proofs({ proofs }: Session): SessionDto['proofs'] {
    return Object.fromEntries(Object.entries(proofs).map(([kind, at]) => [kind, this.timestamp(at)]));
  }

  #ends(session: Session): Pick<SessionDto, 'expires_at' | 'idle_expires_at'> {
    const { expiresAt, idleExpiresAt } = this.signIns.endsOf(session);
    return {
      expires_at: expiresAt && this.timestamp(expiresAt),
      idle_expires_at: idleExpiresAt && this.timestamp(idleExpiresAt),
    };
  }
}
