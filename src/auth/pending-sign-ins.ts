import { randomUUID } from 'node:crypto';
import { type Clock, NEVER } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { jsonIn } from '../common/json.js';
import { isRecord } from '../common/options.js';
import { type ProofKind, type Proofs, proofsIn, proofsText } from '../sessions/proofs.js';
import { TRANSPORTS, type Transport } from '../sessions/session.js';
import type { Accounts, KnownUser } from '../users/accounts.js';
import { OneTimeToken } from '../users/one-time-token.js';
import type { FoundToken, OneTimeTokens } from '../users/one-time-tokens.js';
import type { Identity } from '../users/identity.js';
import type { SignInOptions } from './auth.js';
import type { AuthOptions } from './auth-options.js';
import { BearerCarrier } from './carriers/bearer-carrier.js';
import { CookieCarrier } from './carriers/cookie-carrier.js';
import type { Exchange } from './exchange/exchange.js';

/** How long a second step may take, in milliseconds. */
export const PENDING_FOR = 5 * 60_000;

/** A token that a client was given for the second step. The response body must contain it unless a cookie carries it. */
export interface PendingToken {
  readonly token: string | null;
  readonly expiresAt: Date;
}

/** A sign-in that waits for its second step. */
export interface PendingSignIn {
  readonly id: string;
  readonly known: KnownUser;
  readonly options: SignInOptions;
  /** The proofs that were given. */
  readonly proofs: Proofs;
  readonly token: FoundToken;
}

/**
 * Sign-ins with the right password that wait for a second step. They are no sessions: their tokens have a format of their own, are kept
 * with the one-time tokens, and are read by the routes of the second step alone.
 */
export class PendingSignIns {
  readonly #carriers: Readonly<Record<Transport, CookieCarrier | BearerCarrier>>;

  constructor(
    private readonly tokens: OneTimeTokens,
    private readonly accounts: Accounts,
    options: AuthOptions,
    private readonly clock: Clock,
  ) {
    const cookie = { ...options.cookie, name: `${options.cookie.name}_pending` };
    this.#carriers = { cookie: new CookieCarrier({ cookie }), bearer: new BearerCarrier() };
  }

  /** Begins a second step after a first proof, and gives its token to the client. */
  async begin(
    { account, credentialVersion }: Identity,
    options: SignInOptions,
    provedBy: ProofKind,
    { headers }: Exchange,
  ): Promise<PendingToken> {
    // No proof was given at `NEVER`, so each is written out.
    const proofs = proofsText({ [provedBy]: this.clock.now() }, NEVER);
    const about = { userId: account.id, ...options, proofs };
    const { token, expiresAt } = await this.tokens.issue('pending', randomUUID(), {
      credentialVersion,
      address: account.id,
      validFor: PENDING_FOR,
      about: JSON.stringify(about),
    });
    const inBody = this.#carriers[options.transport].handOut(headers, token, PENDING_FOR);
    return { token: inBody && inBody.reveal(), expiresAt };
  }

  /** The sign-in of a request. Throws `sign_in_expired` for every token that is not valid. */
  async find({ authRequest }: Exchange): Promise<PendingSignIn> {
    for (const transport of TRANSPORTS) {
      const token = OneTimeToken.parse('pending', this.#carriers[transport].read(authRequest) ?? '');
      const found = token && (await this.tokens.find(token));
      const pending = found && (await this.#pendingOf(found));
      if (pending?.options.transport === transport) return pending;
    }
    throw new DomainError('sign_in_expired');
  }

  /** Ends a second step. Of racing callers, one gets true. */
  async finish({ token, options }: PendingSignIn, { headers }: Exchange): Promise<boolean> {
    this.#carriers[options.transport].takeBack(headers);
    return this.tokens.use(token);
  }

  async #pendingOf(token: FoundToken): Promise<PendingSignIn | null> {
    const about = jsonIn(token.about ?? '');
    const { userId, transport, remember, label, proofs } = isRecord(about) ? about : {};
    if (typeof userId !== 'string' || typeof proofs !== 'string') return null;
    const known = await this.accounts.findById(userId);
    if (!known || known.account.disabled || !token.isBoundTo(known.credential.version, userId)) return null;
    const options = { transport, remember, label } as SignInOptions;
    return { id: token.token.userId, known, options, proofs: proofsIn(proofs, NEVER), token };
  }
}
