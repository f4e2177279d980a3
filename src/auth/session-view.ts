import { Injectable } from '@nestjs/common';
import { NEVER } from '../common/clock.js';
import type { Session } from '../sessions/session.js';
import { Auth } from './auth.js';
import { AuthOptions } from './auth-options.js';
import { deviceOf } from './device.js';
import type { SessionDto } from './dto/session.dto.js';

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
    const { expiresAt, idleExpiresAt } = this.auth.endsOf(session) ?? {
      expiresAt: session.expiresAt < NEVER ? session.expiresAt : null,
      idleExpiresAt: null,
    };
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
      expires_at: expiresAt && timestamp(expiresAt),
      idle_expires_at: idleExpiresAt && timestamp(idleExpiresAt),
      ip: session.client.ip,
      device: deviceOf(session.client.userAgent),
    };
  }
}
