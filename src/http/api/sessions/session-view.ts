import { Injectable } from '@nestjs/common';
import { endOrNull } from '../../../common/clock.js';
import type { Session } from '../../../sessions/session.js';
import { Auth, type IssuedSession } from '../../../auth/auth.js';
import { AuthOptions } from '../../../auth/auth-options.js';
import { deviceOf } from './device.js';
import type { SessionDto } from './session.dto.js';
import { withToken } from '../../../auth/carriers/with-token.js';

/** Shows sessions to those who may see them: all but what signs anybody in. */
@Injectable()
export class SessionView {
  constructor(
    private readonly auth: Auth,
    private readonly options: AuthOptions,
  ) {}

  /** A session as the API shows it, to whoever came by `current`. */
  show(session: Session, current: Session | null): SessionDto {
    const { timestamp } = this.options.dialect;
    return {
      id: session.id,
      current: session.id === current?.id,
      kind: session.kind,
      transport: session.transport,
      scope: session.scope,
      label: session.label,
      created_at: timestamp(session.createdAt),
      authenticated_at: timestamp(session.authenticatedAt),
      last_seen_at: timestamp(session.lastSeenAt),
      ...this.#ends(session),
      ip: session.client.ip,
      device: deviceOf(session.client.userAgent),
    };
  }

  /** A user who signs in; with the token and its end where the body of the answer carries it. */
  signedIn<T extends object>(user: T, issued: IssuedSession | null) {
    return issued?.token ? withToken({ ...user, ...this.#ends(issued.session) }, issued.token) : user;
  }

  #ends(session: Session): Pick<SessionDto, 'expires_at' | 'idle_expires_at'> {
    const { timestamp } = this.options.dialect;
    const { expiresAt, idleExpiresAt } = this.auth.endsOf(session) ?? {
      expiresAt: endOrNull(session.expiresAt),
      idleExpiresAt: null,
    };
    return {
      expires_at: expiresAt && timestamp(expiresAt),
      idle_expires_at: idleExpiresAt && timestamp(idleExpiresAt),
    };
  }
}
