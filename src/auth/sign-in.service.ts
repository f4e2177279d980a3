import { type Initiator, PROGRAM } from '../audit/initiator.js';
import { SecurityEvents } from '../audit/security-events.js';
import { endOrNull } from '../common/clock.js';
import { DomainError, StoreUnavailableError, invalid } from '../common/domain-error.js';
import { type Work, observed } from '../common/observed.js';
import type { ErrorCode } from '../common/refusals.js';
import type { EndReason } from '../sessions/endings.js';
import type { ProofKind, Proofs } from '../sessions/proofs.js';
import { type Session, TRANSPORTS, type Transport } from '../sessions/session.js';
import { type OpenedSession, SessionsService } from '../sessions/sessions.service.js';
import { type Accounts, identityIn } from '../users/accounts.js';
import type { Identity } from '../users/identity.js';
import { PasswordsService, type Verification } from '../users/passwords.service.js';
import type { AppUser } from '../users/user-directory.js';
import type { MailQueue } from '../users/mails/mail-queue.js';
import { UsersService } from '../users/users.service.js';
import { Auth, type IssuedSession, type Principal, type SignInOptions } from './auth.js';
import type { AuthRequest } from './auth-request.js';
import { AuthOptions } from './auth-options.js';
import { sessionStrategiesOf } from './auth.provider.js';
import { clientFacts } from './client-facts.js';
import { type Exchange, exchangeIn } from './exchange/exchange.js';
import type { HttpExchange } from './exchange/http-exchange.js';
import type { ResponseHeaders } from './exchange/response-headers.js';
import type { PendingSignIn, PendingSignIns } from './pending-sign-ins.js';
import { initiatorIn, initiatorOf } from './request-initiator.js';
import type { SecondFactor } from './second-factor.js';
import { type Method, signInFailed, signInUnverified, signedIn } from './sign-in-events.js';
import type { SessionAuth } from './strategies/session.auth.js';

/** A user who has signed in. */
export interface SignedIn extends IssuedSession, Identity {}

/** The result of a sign-in by password. Why it failed is for the audit trail: tell clients only that it did. */
export type SignInResult =
  ({ readonly outcome: 'signed_in' } & SignedIn) | Exclude<Verification, { outcome: 'verified' }>;

/** When a session ends at the latest (`expiresAt`) and if it is not used (`idleExpiresAt`); null for never. */
export interface SessionEnds {
  readonly expiresAt: Date | null;
  readonly idleExpiresAt: Date | null;
}

/** How a person has shown who they are for a new session. */
interface Way {
  /** Of the event of a sign-in; null if the session continues another one. */
  readonly method: Method | null;
  readonly provedBy: ProofKind;
  /** The proofs that were given before. */
  readonly earlier?: Proofs;
}

/** The session of a token that came with a sign-in. */
interface Presented {
  /** The live session that the new one replaces. */
  readonly replaced: Session | null;
  /** The user of any token of the request, also if its session has ended. */
  readonly owner: string | null;
}

/**
 * Everything that opens, renews and ends sessions on behalf of a person: for controllers, commands and code of the
 * application. Each act checks its input first, and emits one security event, and one more for each other session that it ends.
 */
export class SignInService {
  readonly #strategies: readonly SessionAuth[];

  constructor(
    auth: Auth,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly options: AuthOptions,
    private readonly events?: SecurityEvents,
    private readonly users?: UsersService,
    private readonly mails?: MailQueue,
    private readonly secondFactor?: SecondFactor,
    private readonly pending?: PendingSignIns,
  ) {
    this.#strategies = sessionStrategiesOf(auth);
  }

  /** The users who sign in. */
  get accounts(): Accounts {
    return this.passwords.accounts;
  }

  /** The transports of the tokens that a sign-in issues, the default first; empty if no strategy has sessions. */
  get transports(): readonly Transport[] {
    const own = new Set(this.#strategies.map(({ carrier }) => carrier.transport));
    return TRANSPORTS.filter((transport) => own.has(transport));
  }

  /** The transport that a sign-in uses for a wish. Throws `validation_failed` for one that this server does not issue. */
  transportFor(wish?: Transport | null): Transport {
    return this.#strategyFor(wish).carrier.transport;
  }

  /** Id of the user whom a token of the request was issued to, also if its session has ended; null without one. */
  async ownerOfToken(pair: HttpExchange): Promise<string | null> {
    const [issuer] = this.#strategies;
    return issuer ? (await this.#presentedIn(exchangeIn(pair).authRequest, issuer)).owner : null;
  }

  /** When a session ends. */
  endsOf(session: Session): SessionEnds {
    const lifetime = this.#strategyOf(session)?.lifetime;
    if (!lifetime) return { expiresAt: endOrNull(session.expiresAt), idleExpiresAt: null };
    return {
      expiresAt: endOrNull(lifetime.limit(session)),
      idleExpiresAt: lifetime.hasIdleLimit(session) ? endOrNull(lifetime.endOf(session)) : null,
    };
  }

  /**
   * Verifies a login and a password, and opens a session as `signIn` does. A failure is a result. Throws `validation_failed`
   * for a transport that this server does not issue, whatever the password, `too_many_attempts` if too many failed, and after a
   * right password `email_not_verified` if users must prove their address first, and `second_factor_required` or
   * `factor_setup_required` with a token for the second step.
   */
  signInWithPassword(
    { login, password }: { readonly login: string; readonly password: string },
    pair: HttpExchange,
    options: Partial<SignInOptions> = {},
  ): Promise<SignInResult> {
    return observedSignIn('login', pair, async (exchange) => {
      const strategy = this.#strategyFor(options.transport);
      const { authRequest: request } = exchange;
      const presented = await this.#presentedIn(request, strategy);
      const { ip, connection } = request;
      const verification = await this.passwords.verify(login, password, {
        ip,
        connection,
        tokenOwner: presented.owner,
      });
      if (verification.outcome !== 'verified') {
        await this.events?.emit(signInFailed(verification, 'login'), initiatorOf(request));
        return verification;
      }
      const { user, account, credentialVersion } = verification;
      const identity = { user, account, credentialVersion };
      await this.#checkVerified(identity, 'login', request);
      await this.#checkSecondStep(identity, 'password', exchange, strategy, options);
      const by = { method: 'login', provedBy: 'password' } as const;
      const issued = await this.#open(identity, exchange, strategy, options, presented.replaced, by);
      await this.#tellOfNewClient(identity, presented.owner, request);
      return { outcome: 'signed_in', ...identity, ...issued };
    });
  }

  /**
   * Opens a session for a user whom the application has verified in its own way, such as by a link in an e-mail. It is always
   * a new session, which prevents session fixation, and it replaces the session whose token came by the same transport. An
   * access token stays valid. Throws `user_disabled`, `email_not_verified` if users must prove their address first,
   * `second_factor_required` or `factor_setup_required` with a token for the second step, and `session_limit_reached` if the
   * limit refuses the session.
   */
  signIn(user: AppUser, pair: HttpExchange, options: Partial<SignInOptions> = {}): Promise<IssuedSession> {
    return this.#signIn(user, pair, options, { method: 'application', provedBy: 'application' });
  }

  /** The same as `signIn` for a user who has signed in with a passkey, which needs no second step. */
  signInWithPasskey(
    user: AppUser,
    pair: HttpExchange,
    options: Partial<SignInOptions> = {},
  ): Promise<IssuedSession> {
    return this.#signIn(user, pair, options, { method: 'passkey', provedBy: 'passkey' });
  }

  /**
   * Opens the session of a sign-in whose second step was given. Ends all others if the step has added the first factor. Throws
   * `sign_in_expired` if another request has finished it, and `session_limit_reached`.
   */
  finishSignIn(
    pending: PendingSignIn,
    provedBy: ProofKind,
    pair: HttpExchange,
    isFirstFactor = false,
  ): Promise<SignedIn> {
    return observedSignIn('second_step', pair, async (exchange) => {
      if (!(await this.pending!.finish(pending, exchange))) throw new DomainError('sign_in_expired');
      const { known, options, proofs: earlier } = pending;
      const identity = identityIn(known);
      const strategy = this.#strategyFor(options.transport);
      const { authRequest: request } = exchange;
      const { id } = identity.account;
      if (isFirstFactor) await this.sessions.endAll(id, 'factor_added', undefined, initiatorOf(request, id));
      const { replaced, owner } = await this.#presentedIn(request, strategy);
      const by = { method: 'second_step', provedBy, earlier } as const;
      const issued = await this.#open(identity, exchange, strategy, options, replaced, by);
      await this.#tellOfNewClient(identity, owner, request);
      return { ...identity, ...issued };
    });
  }

  /**
   * Ends the session of a request: of its principal, or on a public route of the first token that it carries. True only if
   * this call ended it.
   */
  signOut(pair: HttpExchange): Promise<boolean> {
    return withRetryAfter(pair, async (exchange) => {
      const { principal, authRequest, headers } = exchange;
      const session = principal ? principal.session : await this.#liveIn(authRequest);
      if (!session) return false;
      const hasEnded = await this.sessions.end(session, 'signed_out', initiatorIn(exchange));
      this.#strategyOf(session)?.carrier.takeBack(headers);
      const { clearSiteData } = this.options;
      if (hasEnded && session.transport === 'cookie' && clearSiteData.length > 0)
        headers.setHeader('Clear-Site-Data', clearSiteData.map((kind) => `"${kind}"`).join(', '));
      return hasEnded;
    });
  }

  /**
   * Verifies the password of a signed-in user again. The session gets a new token, and its limits start again. Throws
   * `not_found` without a session, `forbidden` for an access token, `current_password_wrong`, and `credentials_invalid` if
   * another request has replaced the token or ended the session in the meantime.
   */
  reauthenticate(password: string, pair: HttpExchange): Promise<IssuedSession> {
    return this.renew(pair, 'current_password_wrong', async ({ account }, by) => {
      const source = { ...by, tokenOwner: account.id };
      const verification = await this.passwords.verify(account.login, password, source);
      // The login may belong to another user in the meantime.
      const isRight = verification.outcome === 'verified' && verification.account.id === account.id;
      return isRight ? 'password' : null;
    });
  }

  /**
   * Renews the session of a signed-in user, as `reauthenticate` does, by a proof that `verify` checks. It returns the kind of the
   * proof; if it returns null, this throws `refusal`.
   */
  renew(
    pair: HttpExchange,
    refusal: ErrorCode,
    verify: (
      principal: Principal & { readonly session: Session },
      by: Initiator,
    ) => Promise<ProofKind | null>,
  ): Promise<IssuedSession> {
    return withRetryAfter(pair, async (exchange) => {
      const { session, ...identity } = principalOf(exchange);
      if (!session) throw new DomainError('not_found');
      const strategy = this.#strategyOf(session);
      if (session.kind === 'access_token' || !strategy) throw new DomainError('forbidden');
      const by = initiatorIn(exchange);
      const of = { subjectId: identity.account.id, sessionId: session.id };
      const provedBy = await verify({ ...identity, session }, by);
      if (!provedBy) {
        await this.events?.emit({ type: 'reauthentication_failed', ...of }, by);
        throw new DomainError(refusal);
      }
      const text = strategy.carrier.read(exchange.authRequest) ?? '';
      const event = () => ({ type: 'reauthenticated', ...of }) as const;
      const renewed = await this.sessions.renew(text, strategy.lifetime, by, { session, event, provedBy });
      if (!renewed) throw new DomainError('credentials_invalid');
      return handOut(renewed, strategy, exchange.headers);
    });
  }

  /**
   * Replaces the password of the signed-in user and ends all sessions and access tokens. Opens a new session like that of the
   * request; null for a request without one, and if the store cannot take it. If `current` is null, the caller must have
   * checked that the password was confirmed recently (`@Fresh()`).
   */
  changePassword(
    { current, next }: { readonly current: string | null; readonly next: string },
    pair: HttpExchange,
  ): Promise<Identity & { readonly issued: IssuedSession | null }> {
    return withRetryAfter(pair, async (exchange) => {
      const { session, ...identity } = principalOf(exchange);
      const { id } = identity.account;
      const by = initiatorIn(exchange);
      const source = { ...by, tokenOwner: session ? id : null };
      const changed =
        current === null
          ? await this.passwords.set(identity, next, by)
          : await this.passwords.change(identity, current, next, source, by);
      const issued = await this.#restart(changed, exchange, 'password_changed', 'password');
      return { ...changed, issued };
    });
  }

  /**
   * Ends all sessions and access tokens of the signed-in user, whose credential version was raised, because a second factor was added.
   * Opens a new session like that of the request, with the new proof; null for a request without one, and if the store cannot take it.
   */
  restart(identity: Identity, provedBy: ProofKind, pair: HttpExchange): Promise<IssuedSession | null> {
    return withRetryAfter(pair, (exchange) => this.#restart(identity, exchange, 'factor_added', provedBy));
  }

  /**
   * Ends all sessions and access tokens of a user. A built-in user is disabled, too: throws `not_found` and `last_admin`. Whether a
   * user of your own directory may sign in again is what `account()` says.
   */
  async deactivateUser(userId: string, by: Initiator = PROGRAM): Promise<void> {
    if (this.users) return void (await this.users.update(userId, { disabled: true }, by));
    await this.passwords.revoke(userId, by);
  }

  #signIn(
    user: AppUser,
    pair: HttpExchange,
    options: Partial<SignInOptions>,
    way: Required<Pick<Way, 'method' | 'provedBy'>>,
  ): Promise<IssuedSession> {
    return observedSignIn(way.method!, pair, async (exchange) => {
      const strategy = this.#strategyFor(options.transport);
      const identity = await this.accounts.identify(user);
      if (identity.account.disabled) throw new DomainError('user_disabled');
      const { authRequest: request } = exchange;
      await this.#checkVerified(identity, way.method!, request);
      if (way.provedBy !== 'passkey')
        await this.#checkSecondStep(identity, way.provedBy, exchange, strategy, options);
      const { replaced, owner } = await this.#presentedIn(request, strategy);
      const issued = await this.#open(identity, exchange, strategy, options, replaced, way);
      await this.#tellOfNewClient(identity, owner, request);
      return issued;
    });
  }

  /** Ends all sessions of a user, and opens a new one like that of the request. */
  async #restart(
    identity: Identity,
    exchange: Exchange,
    reason: EndReason,
    provedBy: ProofKind,
  ): Promise<IssuedSession | null> {
    const { session } = principalOf(exchange);
    await this.sessions.endAll(identity.account.id, reason, undefined, initiatorIn(exchange));
    const strategy = session && session.kind !== 'access_token' ? this.#strategyOf(session) : null;
    if (!session || !strategy) return null;
    const { kind, label, proofs: earlier } = session;
    const options = { remember: kind === 'remembered', label };
    const way = { method: null, provedBy, earlier };
    return this.#open(identity, exchange, strategy, options, null, way).catch(noSession);
  }

  /** Refuses a sign-in that needs a second step, and begins that step. */
  async #checkSecondStep(
    identity: Identity,
    provedBy: ProofKind,
    exchange: Exchange,
    { carrier: { transport } }: SessionAuth,
    { remember = false, label = null }: Partial<SignInOptions>,
  ): Promise<void> {
    const step = await this.secondFactor?.following(identity);
    if (!step) return;
    const options = { transport, remember, label };
    const pending = await this.pending!.begin(identity, options, provedBy, exchange);
    const by = initiatorOf(exchange.authRequest, identity.account.id);
    await this.events?.emit({ type: 'second_step_begun', subjectId: identity.account.id }, by);
    const code = step.factors.length > 0 ? 'second_factor_required' : 'factor_setup_required';
    throw new DomainError(code, { secondStep: { ...step, ...pending } });
  }

  /** Refuses a user who must prove the address first. */
  async #checkVerified({ user, account }: Identity, method: Method, request: AuthRequest): Promise<void> {
    if (!this.accounts.mustVerify(user)) return;
    await this.events?.emit(signInUnverified(account.id, method), initiatorOf(request));
    throw new DomainError('email_not_verified');
  }

  /** Tells the owner of an account of a sign-in, unless the browser had signed in to it before. */
  async #tellOfNewClient(
    { user, account }: Identity,
    owner: string | null,
    request: AuthRequest,
  ): Promise<void> {
    if (!this.mails?.options.signInNotices || owner === account.id) return;
    await this.mails.notify(
      'new_sign_in',
      account.id,
      this.accounts.addressOf(user),
      initiatorOf(request, account.id),
    );
  }

  async #open(
    { account, credentialVersion }: Identity,
    { authRequest: from, headers }: Exchange,
    strategy: SessionAuth,
    { remember = false, label = null }: Partial<SignInOptions>,
    replaced: Session | null,
    { method, provedBy, earlier }: Way,
  ): Promise<IssuedSession> {
    const { transport } = strategy.carrier;
    const kind = remember ? 'remembered' : 'session';
    const terms = { kind, transport, label, provedBy, earlier } as const;
    const event = method && { event: (session: Session) => signedIn(account.id, session, method) };
    const act = { replaced, ...event };
    const by = initiatorOf(from, account.id);
    const owner = { id: account.id, credentialVersion };
    const opened = await this.sessions.open(owner, clientFacts(from), strategy.lifetime, by, terms, act);
    return handOut(opened, strategy, headers);
  }

  /** The strategy that issues tokens for a transport. */
  #strategyFor(transport: Transport | null = null): SessionAuth {
    const [usual = 'cookie'] = this.transports;
    const strategy = this.#strategies.find(({ carrier }) => carrier.transport === (transport ?? usual));
    if (strategy) return strategy;
    const [issued, other] =
      transport === 'bearer' ? ['session cookies', 'cookie'] : ['bearer tokens', 'bearer'];
    throw invalid(
      '/transport',
      `This server issues ${issued} only. Leave the field out, or send "${other}".`,
    );
  }

  #strategyOf({ transport }: Session): SessionAuth | null {
    return this.#strategies.find(({ carrier }) => carrier.transport === transport) ?? null;
  }

  /** Looks first at the token of the strategy that is about to issue one. */
  async #presentedIn(request: AuthRequest, issuer: SessionAuth): Promise<Presented> {
    let replaced: Session | null = null;
    for (const strategy of [issuer, ...this.#strategies.filter((one) => one !== issuer)]) {
      const text = strategy.carrier.read(request);
      const found = text === null ? null : await this.sessions.sessionOf(text);
      if (!found) continue;
      const { session, isLive } = found;
      if (strategy === issuer && isLive && isReplaceable(session, issuer)) replaced = session;
      return { replaced, owner: session.userId };
    }
    return { replaced, owner: null };
  }

  async #liveIn(request: AuthRequest): Promise<Session | null> {
    for (const { carrier } of this.#strategies) {
      const text = carrier.read(request);
      const found = text === null ? null : await this.sessions.sessionOf(text);
      if (found?.isLive && found.session.transport === carrier.transport) return found.session;
    }
    return null;
  }
}

/** The sign-ins as observers know them. */
const SIGN_INS = {
  login: signInWork('login'),
  basic: signInWork('basic'),
  application: signInWork('application'),
  second_step: signInWork('second_step'),
  passkey: signInWork('passkey'),
} satisfies Readonly<Record<Method, Work>>;

function signInWork(operation: Method): Work {
  return { kind: 'sign_in', system: 'coatcheck', operation };
}

function observedSignIn<T>(
  method: Method,
  pair: HttpExchange,
  serve: (exchange: Exchange) => Promise<T>,
): Promise<T> {
  return observed(SIGN_INS[method], () => withRetryAfter(pair, serve));
}

/** Sets the `Retry-After` of an error, because the filter of an application does not know it. */
async function withRetryAfter<T>(pair: HttpExchange, serve: (exchange: Exchange) => Promise<T>): Promise<T> {
  const exchange = exchangeIn(pair);
  try {
    return await serve(exchange);
  } catch (error) {
    const retryAfter = error instanceof DomainError ? error.retryAfter : null;
    const canTell = exchange.hasResponse && !exchange.headers.headersSent;
    if (retryAfter !== null && canTell) exchange.headers.setHeader('Retry-After', retryAfter);
    throw error;
  }
}

/** A sign-in replaces neither an access token nor a session of another transport. */
function isReplaceable({ kind, transport }: Session, { carrier }: SessionAuth): boolean {
  return kind !== 'access_token' && transport === carrier.transport;
}

/**
 * The cookie of a remembered session lasts until the absolute limit. Later uses do not send it again, because they could
 * restore a replaced token.
 */
function handOut(
  { session, token }: OpenedSession,
  { carrier, lifetime }: SessionAuth,
  headers: ResponseHeaders,
): IssuedSession {
  const left = lifetime.limit(session).getTime() - session.lastSeenAt.getTime();
  return { session, token: carrier.handOut(headers, token, session.kind === 'remembered' ? left : null) };
}

function principalOf({ principal }: Exchange): Principal {
  if (!principal) throw new DomainError('credentials_missing');
  return principal;
}

/** The password is changed already. If the store cannot open a new session, the user must sign in again. */
function noSession(error: unknown): null {
  if (error instanceof StoreUnavailableError) return null;
  throw error;
}
