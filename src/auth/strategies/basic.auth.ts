import { Injectable, Optional } from '@nestjs/common';
import type { Request } from 'express';
import type { AuditFacts } from '../../audit/audit-event.js';
import { AuditTrail } from '../../audit/audit-trail.js';
import { initiatorOf } from '../request-initiator.js';
import { requesterOf } from '../client-facts.js';
import { UsersService } from '../../users/users.service.js';
import { ANONYMOUS, Auth, type AuthResult, rejected } from '../auth.js';
import { AuthOptions } from '../auth-options.js';
import { signInFailed, signedIn } from '../sign-in-events.js';

const MALFORMED: AuditFacts = {
  type: 'sign_in_failed',
  subjectId: null,
  details: { method: 'basic', reason: 'malformed' },
};

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Each request carries the proof itself: `Authorization: Basic` (RFC 7617). */
@Injectable()
export class BasicAuth extends Auth {
  readonly challenge: string;
  /** Matches an `Authorization` header of the Basic scheme and captures its credentials. */
  protected readonly header: RegExp = /^basic +(.*)$/i;

  constructor(
    private readonly users: UsersService,
    options: AuthOptions,
    @Optional() private readonly trail?: AuditTrail,
  ) {
    super();
    this.challenge = `Basic realm="${options.realm}", charset="UTF-8"`;
  }

  async authenticate(request: Request): Promise<AuthResult> {
    const [, encoded] = this.header.exec(request.headers.authorization ?? '') ?? [];
    if (encoded === undefined) return ANONYMOUS;
    const credentials = decode(encoded);
    if (!credentials) {
      await this.trail?.record(MALFORMED, initiatorOf(request));
      return rejected();
    }
    const source = { ...requesterOf(request), tokenOwner: null };
    const verification = await this.users.recognize(credentials.email, credentials.password, source);
    if (verification.outcome !== 'verified') {
      await this.trail?.record(signInFailed(verification, 'basic'), initiatorOf(request));
      return rejected();
    }
    const { user, isKnown } = verification;
    if (!isKnown) await this.trail?.record(signedIn(user, null, 'basic'), initiatorOf(request, user.id));
    return { outcome: 'authenticated', principal: { user, session: null, isProven: true } };
  }
}

/** Null for anything but canonical base64 of UTF-8 text with a colon; the first colon ends the name. */
function decode(encoded: string): { email: string; password: string } | null {
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return null;
  const text = utf8(bytes);
  const colon = text?.indexOf(':') ?? -1;
  return text === null || colon < 0 ? null : { email: text.slice(0, colon), password: text.slice(colon + 1) };
}

function utf8(bytes: Buffer): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}
