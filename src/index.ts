export {
  CurrentPrincipal,
  CurrentSession,
  CurrentUser,
  Fresh,
  type FreshOptions,
  type Freshness,
  OptionalAuth,
  Public,
  Roles,
} from './auth/decorators/access.js';
export { type CoatcheckAsyncOptions, CoatcheckModule } from './coatcheck.module.js';
export { CoatcheckOptions, type CoatcheckOptionsGiven, type ServedRoutes } from './coatcheck-options.js';
export type { AsyncOptions } from './common/async-options.js';
export { type Given, OptionsError } from './common/options.js';
export { Clock, NEVER, SystemClock } from './common/clock.js';
export type { SweepStep } from './common/sweeper.js';
export { DomainError, StoreUnavailableError } from './common/domain-error.js';
export type { ErrorCode } from './common/refusals.js';
export {
  type ErrorAnswer,
  type ErrorFormat,
  type InputFault,
  type Problem,
  problemDetails,
} from './common/problem.js';

export {
  AUDIT_TYPES,
  type AuditDetails,
  type AuditEvent,
  type AuditFacts,
  type AuditReason,
  type AuditType,
} from './audit/audit-event.js';
export { type AuditAsyncOptions, AuditModule } from './audit.module.js';
export { AuditOptions } from './audit/audit-options.js';
export {
  ALL_EVENTS,
  AUDIT_WINDOW,
  type AuditFilter,
  type AuditPage,
  AuditStore,
} from './audit/audit-store.js';
export { AuditSweeper } from './audit/audit-sweeper.js';
export { AuditTrail } from './audit/audit-trail.js';
export {
  OnSecurityEvent,
  type SecurityEvent,
  type SecurityEventName,
  SecurityEvents,
} from './audit/security-events.js';
export type { Initiator } from './audit/initiator.js';
export { socketPrincipal } from './auth/exchange/socket-exchange.js';
export { CurrentInitiator, initiatorOfRequest as initiatorOf } from './auth/request-initiator.js';

export {
  type Account as ThrottledAccount,
  type Attempt,
  type SignInSource,
  GuessThrottle,
} from './throttle/guess-throttle.js';
export { MemoryThrottleStore } from './throttle/memory.throttle-store.js';
export type { FailureWindow } from './throttle/network-failures.js';
export type { Change, TextEntry, TextTable } from './throttle/text-table.js';
export { TextThrottleStore } from './throttle/text-throttle-store.js';
export {
  type CodeAttempt,
  type Guess,
  type NetworkFailure,
  type NetworkNames,
  type ThrottleQuery,
  type ThrottleState,
  ThrottleStore,
} from './throttle/throttle-store.js';
export { ThrottleOptions } from './throttle/throttle-options.js';

export { Accounts, BuiltInAccounts, DirectoryAccounts, type KnownUser } from './users/accounts.js';
export { BuiltInDirectory } from './users/built-in-directory.js';
export { CredentialStore, FIRST_VERSION, type StoredCredential } from './users/credential-store.js';
export { Argon2PasswordHasher } from './users/passwords/argon2.password-hasher.js';
export { BcryptPasswordHasher } from './users/passwords/bcrypt.password-hasher.js';
export type { TaskOwner } from './users/passwords/fair-queue.js';
export { type Pbkdf2Parts, pbkdf2Hash } from './users/passwords/legacy/pbkdf2.js';
export { type ScryptParts, scryptHash } from './users/passwords/legacy/scrypt.js';
export { PasswordHasher } from './users/passwords/password-hasher.js';
export { EmailService } from './users/mails/email.service.js';
export { type MailAsyncOptions, MailModule } from './mail.module.js';
export {
  type EmailVerification,
  type MailLinks,
  MailOptions,
  type MailOptionsGiven,
} from './mail/mail-options.js';
export { PasswordResetService } from './users/password-reset.service.js';
export type { IssuedToken } from './users/one-time-tokens.js';
export { OneTimeToken, type TokenPurpose } from './users/one-time-token.js';
export { type AddressRule, type Credential, type User, emailKey, nameKey } from './users/user.js';
export {
  type Account,
  type AppRole,
  type AppUser,
  type Register,
  UserDirectory,
} from './users/user-directory.js';
export {
  ALL_USERS,
  USER_SORTS,
  type UserPage,
  type UserPosition,
  type UserQuery,
  type UserSort,
} from './users/user-query.js';
export { type UserChanges, type UserRemoval, UserStore, type UserUpdate } from './users/user-store.js';
export { MemoryTokenStore } from './users/memory.token-store.js';
export { TokenStore } from './users/token-store.js';
export { UserListener } from './users/user-listener.js';
export { type UsersAsyncOptions, UsersModule } from './users.module.js';
export {
  type PasswordAlgorithm,
  type Registration,
  UsersOptions,
  type UsersOptionsGiven,
} from './users/users-options.js';
export type { HasherOptions } from './users/passwords/recipe.password-hasher.js';
export { type PasswordSource, PasswordsService, type Verification } from './users/passwords.service.js';
export { CredentialVerifier, type PasswordAttempt } from './users/credential-verifier.js';
export { type Identity, identityOf } from './users/identity.js';
export { type NewUser, UsersService } from './users/users.service.js';

export { type FactorsAsyncOptions, FactorsModule } from './factors.module.js';
export { FactorResetService } from './factors/factor-reset.service.js';
export { type FactorEntry, FactorStore } from './factors/factor-store.js';
export {
  FactorsOptions,
  type FactorsOptionsGiven,
  type MfaPolicy,
  type PasskeyOptions,
} from './factors/factors-options.js';
export { type Enrolment, type FactorOwner, FactorsService } from './factors/factors.service.js';
export { type FactorAnswer, type FactorKind, type Prover, SecondSteps } from './factors/second-steps.js';
export { type PendingSignIn, PendingSignIns } from './auth/pending-sign-ins.js';
export { SecondFactor, type SecondStep } from './auth/second-factor.js';
export { chooseLanguage } from './mail/language.js';
export { MailComposer } from './mail/mail-composer.js';
export { type MailContent, MailTemplates, type RenderedMail } from './mail/mail-templates.js';
export { type MailMessage, MailRefusedError, MailServerUnavailableError, Mailer } from './mail/mailer.js';
export { Outbox, type OutboxOptions } from './mail/outbox.js';
export { StandardTemplates } from './mail/templates/standard-templates.js';
export { MAIL_KINDS, type MailFacts, type MailKind, type OutboxMail } from './mail/outbox-mail.js';
export { type MailState, OutboxStore, type StoredMail } from './mail/outbox-store.js';
export type { PutsMails } from './mail/puts-mails.js';

export type { EndReason } from './sessions/endings.js';
export { PROOF_KINDS, type ProofKind, type Proofs } from './sessions/proofs.js';
export type {
  ClientFacts,
  Ending,
  Session,
  SessionEntry,
  SessionKind,
  SessionOwner,
  SessionScope,
  SessionState,
  StoredSession,
  Transport,
} from './sessions/session.js';
export { type Limits, SessionLifetime } from './sessions/session-lifetime.js';
export {
  ENDING_KEPT_FOR,
  type InsertResult,
  type Proof,
  type SessionLimit,
  SessionStore,
} from './sessions/session-store.js';
export { SessionSweeper } from './sessions/session-sweeper.js';
export { SessionToken } from './sessions/session-token.js';
export { SessionsModule } from './sessions.module.js';
export { SessionsOptions } from './sessions/sessions-options.js';
export {
  type DeadReason,
  type FindSession,
  type OpenedSession,
  type Resumption,
  type SessionAct,
  type SessionTerms,
  SessionsService,
} from './sessions/sessions.service.js';

export {
  ANONYMOUS,
  Auth,
  type AuthResult,
  type IssuedSession,
  type Principal,
  type PrincipalGiven,
  type Rejection,
  type SignInOptions,
  rejected,
} from './auth/auth.js';
export { type SessionEnds, type SignedIn, type SignInResult, SignInService } from './auth/sign-in.service.js';
export type { AuthRequest } from './auth/auth-request.js';
export type { MessageAuthorization } from './auth/message-authorization.js';
export { AuthChain } from './auth/strategies/auth-chain.js';
export { AuthGuard } from './auth/guards/auth.guard.js';
export { type AuthAsyncOptions, AuthModule, type AuthSyncOptions } from './auth.module.js';
export { AuthOptions, type AuthOptionsGiven, type CookieSettings } from './auth/auth-options.js';
export { FreshGuard } from './auth/guards/fresh.guard.js';
export { RolesGuard } from './auth/guards/roles.guard.js';
export {
  type JoinsCredentials,
  type SessionCredential,
  SessionCredentials,
  sessionCredentialsOf,
} from './auth/session-credentials.js';
export { BearerCarrier } from './auth/carriers/bearer-carrier.js';
export { Carriers } from './auth/carriers/carriers.js';
export { CookieCarrier } from './auth/carriers/cookie-carrier.js';
export { TokenCarrier } from './auth/carriers/token-carrier.js';
export { CurrentExchange } from './auth/exchange/contexts.js';
export { authRequestOf } from './auth/exchange/exchange.js';
export type { HttpExchange, HttpReply, HttpRequest, HttpResponse } from './auth/exchange/http-exchange.js';
export type { ResponseHeaders } from './auth/exchange/response-headers.js';
export { type JoinsUsers, type SessionUser, SessionUsers, sessionUsersOf } from './auth/session-users.js';
export { BasicAuth } from './auth/strategies/basic.auth.js';
export { SessionAuth } from './auth/strategies/session.auth.js';
export { SessionDbAuth } from './auth/strategies/session-db.auth.js';
export { SessionExpAuth } from './auth/strategies/session-exp.auth.js';
export { TokenAuth } from './auth/strategies/token.auth.js';

export { MemoryAuditStore } from './storage/memory/memory.audit-store.js';
export { MemoryCredentialStore } from './storage/memory/memory.credential-store.js';
export { MemoryFactorStore } from './storage/memory/memory.factor-store.js';
export { MemoryOutboxStore } from './storage/memory/memory.outbox-store.js';
export { MemorySessionStore } from './storage/memory/memory.session-store.js';
export { MemoryUserStore } from './storage/memory/memory.user-store.js';
export { Readiness } from './storage/readiness.js';
export { type StorageAsyncOptions, StorageModule } from './storage/storage.module.js';
export { StorageOptions } from './storage/storage-options.js';

export { userJson } from './http/api/users/user-json.js';
export { ReadsOwnBody } from './http/body-decorators.js';
