import { Injectable } from '@nestjs/common';
import { endOrNull } from '../../../common/clock.js';
import type { Session } from '../../../sessions/session.js';
import { Auth, type IssuedSession } from '../../../auth/auth.js';
import { deviceOf } from './device.js';
import type { SessionDto } from './session.dto.js';
import type { User } from '../../../users/user.js';
import { userJson } from '../users/user-json.js';
import { withToken } from '../../../auth/carriers/with-token.js';

/** Shows sessions to those who may see them: all but what signs anybody in. */
@Injectable()
export class SessionView {
  constructor(private readonly auth: Auth) {}

  /** A session as the API shows it to the client of the session `current`. */
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
      last_seen_at: this.timestamp(session.lastSeenAt),
      ...this.#ends(session),
      ip: session.client.ip,
      device: deviceOf(session.client.userAgent),
    };
  }

  /** The user of a session, to themselves. */
  showUser(user: User): object {
    return userJson(user, user);
  }

  /** A user who signs in; with the token and its end where the body of the answer carries it. */
  signedIn(user: User, issued: IssuedSession | null): object {
    const shown = this.showUser(user);
    return issued?.token ? withToken({ ...shown, ...this.#ends(issued.session) }, issued.token) : shown;
  }

  protected timestamp(at: Date): string {
    return at.toISOString();
  }

  #ends(session: Session): Pick<SessionDto, 'expires_at' | 'idle_expires_at'> {
    const { expiresAt, idleExpiresAt } = this.auth.endsOf(session) ?? {
      expiresAt: endOrNull(session.expiresAt),
      idleExpiresAt: null,
    };
    return {
      expires_at: expiresAt && this.timestamp(expiresAt),
      idle_expires_at: idleExpiresAt && this.timestamp(idleExpiresAt),
    };
  }
}
