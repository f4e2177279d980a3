import { Injectable, Optional } from '@nestjs/common';
import type { AuditFacts } from '../../audit/audit-event.js';
import { SecurityEvents } from '../../audit/security-events.js';
import { identityIn } from '../../users/accounts.js';
import type { Identity } from '../../users/identity.js';
import { PasswordsService } from '../../users/passwords.service.js';
import { ANONYMOUS, Auth, type AuthResult, type Principal, rejected } from '../auth.js';
import type { AuthRequest } from '../auth-request.js';
import { AuthOptions } from '../auth-options.js';
import { headerOf } from '../header-of.js';
import { initiatorOf } from '../request-initiator.js';
import { SecondFactor } from '../second-factor.js';
import { signInFailed, signInUnverified, signInWithoutFactor, signedIn } from '../sign-in-events.js';

const MALFORMED: AuditFacts = {
  type: 'sign_in_failed',
  subjectId: null,
  details: { method: 'basic', reason: 'malformed' },
};

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Authenticates each request by login and password: `Authorization: Basic` (RFC 7617). */
@Injectable()
export class BasicAuth extends Auth {
  readonly challenges: readonly string[];
  /** Matches an `Authorization` header of the Basic scheme and captures its credentials. */
  protected readonly header: RegExp = /^basic +(.*)$/i;
  readonly #admitted = new WeakSet<Principal<object>>();

  constructor(
    private readonly passwords: PasswordsService,
    options: AuthOptions,
    @Optional() private readonly events?: SecurityEvents,
    @Optional() private readonly secondFactor?: SecondFactor,
  ) {
    super();
    this.challenges = [`Basic realm="${options.realm}", charset="UTF-8"`];
  }

  async authenticate(request: AuthRequest): Promise<AuthResult> {
    const [, encoded] = this.header.exec(headerOf(request, 'authorization')) ?? [];
    if (encoded === undefined) return ANONYMOUS;
    const credentials = decode(encoded);
    if (!credentials) {
      await this.events?.emit(MALFORMED, initiatorOf(request));
      return rejected();
    }
    const source = { ip: request.ip, connection: request.connection, tokenOwner: null };
    const verification = await this.passwords.recognize(credentials.login, credentials.password, source);
    if (verification.outcome !== 'verified') {
      await this.events?.emit(signInFailed(verification, 'basic'), initiatorOf(request));
      return rejected();
    }
    const { user, account, credentialVersion, isKnown } = verification;
    if (this.passwords.accounts.mustVerify(user)) {
      await this.events?.emit(signInUnverified(account.id, 'basic'), initiatorOf(request));
      return rejected('email_not_verified');
    }
    const identity = { user, account, credentialVersion };
    if (await this.#needsSecondStep(identity)) {
      await this.events?.emit(signInWithoutFactor(account.id), initiatorOf(request));
      return rejected('second_factor_required');
    }
    const by = initiatorOf(request, account.id);
    if (!isKnown) await this.events?.emit(signedIn(account.id, null, 'basic'), by);
    return this.#admit(identity);
  }

  /** Compares the credential version of the user, which a change of the password raises. */
  override recheck(principal: Principal<object>): Promise<AuthResult> | null {
    return this.#admitted.has(principal) ? this.#recheck(principal) : null;
  }

  async #recheck({ account: { id }, credentialVersion }: Principal<object>): Promise<AuthResult> {
    const found = await this.passwords.accounts.findById(id);
    if (!found || found.credential.version !== credentialVersion) return rejected();
    const identity = identityIn(found);
    return (await this.#needsSecondStep(identity))
      ? rejected('second_factor_required')
      : this.#admit(identity);
  }

  /** Whether a password is not enough: a request with Basic credentials has no second step. */
  async #needsSecondStep(identity: Identity): Promise<boolean> {
    const { secondFactor } = this;
    return (
      secondFactor !== undefined &&
      !secondFactor.allowsBasic &&
      (await secondFactor.following(identity)) !== null
    );
  }

  #admit(identity: Identity): AuthResult {
    const principal = { ...identity, session: null, isProven: true } as const;
    this.#admitted.add(principal);
    return { outcome: 'authenticated', principal };
  }
}

/** Null for anything but canonical base64 of UTF-8 text with a colon; the first colon ends the name. */
function decode(encoded: string): { login: string; password: string } | null {
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return null;
  const text = utf8(bytes);
  const colon = text?.indexOf(':') ?? -1;
  return text === null || colon < 0 ? null : { login: text.slice(0, colon), password: text.slice(colon + 1) };
}

function utf8(bytes: Buffer): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}
