export {
  CurrentSession,
  CurrentUser,
  Fresh,
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
  type AuditType,
} from './audit/audit-event.js';
export { type AuditAsyncOptions, AuditModule } from './audit.module.js';
export { AuditOptions } from './audit/audit-options.js';
export { AUDIT_WINDOW, type AuditFilter, type AuditPage, AuditStore } from './audit/audit-store.js';
export { AuditSweeper } from './audit/audit-sweeper.js';
export { AuditTrail } from './audit/audit-trail.js';
export type { Initiator } from './audit/initiator.js';
export { CurrentInitiator, initiatorOf } from './auth/request-initiator.js';

export { type Account, type Attempt, type SignInSource, GuessThrottle } from './throttle/guess-throttle.js';
export { MemoryThrottleStore } from './throttle/memory.throttle-store.js';
export { ThrottleStore } from './throttle/throttle-store.js';
export { ThrottleOptions } from './throttle/throttle-options.js';

export { Argon2PasswordHasher } from './users/passwords/argon2.password-hasher.js';
export { BcryptPasswordHasher } from './users/passwords/bcrypt.password-hasher.js';
export type { TaskOwner } from './users/passwords/fair-queue.js';
export { PasswordHasher } from './users/passwords/password-hasher.js';
export { type IssuedReset, PasswordResetService } from './users/password-reset.service.js';
export { ResetToken } from './users/reset-token.js';
export { type Credential, type Role, type User, emailKey } from './users/user.js';
export {
  type UserChanges,
  type UserPosition,
  type UserRemoval,
  UserStore,
  type UserUpdate,
} from './users/user-store.js';
export { ResetTokenStore } from './users/reset-token-store.js';
export { UserListener } from './users/user-listener.js';
export { type UsersAsyncOptions, UsersModule } from './users.module.js';
export {
  type PasswordAlgorithm,
  type Registration,
  UsersOptions,
  type UsersOptionsGiven,
} from './users/users-options.js';
export type { HasherOptions } from './users/passwords/recipe.password-hasher.js';
export { type NewUser, type PasswordSource, UsersService, type Verification } from './users/users.service.js';

export type {
  ClientFacts,
  EndReason,
  Ending,
  Session,
  SessionEntry,
  SessionKind,
  SessionScope,
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
  type SessionTerms,
  SessionsService,
} from './sessions/sessions.service.js';

export {
  ANONYMOUS,
  Auth,
  type AuthResult,
  type HttpExchange,
  type IssuedSession,
  type Principal,
  type Rejection,
  type SessionEnds,
  type SignInOptions,
  DEFAULT_SIGN_IN_OPTIONS,
  rejected,
} from './auth/auth.js';
export { AuthChain } from './auth/strategies/auth-chain.js';
export { AuthGuard } from './auth/guards/auth.guard.js';
export { type AuthAsyncOptions, AuthModule, type AuthSyncOptions } from './auth.module.js';
export { AuthOptions, type AuthOptionsGiven, type CookieSettings } from './auth/auth-options.js';
export { FreshGuard } from './auth/guards/fresh.guard.js';
export { RolesGuard } from './auth/guards/roles.guard.js';
export { SessionCookie } from './auth/carriers/session-cookie.js';
export { type JoinsUsers, type SessionUser, SessionUsers, sessionUsersOf } from './auth/session-users.js';
export { BasicAuth } from './auth/strategies/basic.auth.js';
export { SessionAuth } from './auth/strategies/session.auth.js';
export { SessionDbAuth } from './auth/strategies/session-db.auth.js';
export { SessionExpAuth } from './auth/strategies/session-exp.auth.js';
export { TokenAuth } from './auth/strategies/token.auth.js';

export { MemoryAuditStore } from './storage/memory/memory.audit-store.js';
export { MemorySessionStore } from './storage/memory/memory.session-store.js';
export { MemoryUserStore } from './storage/memory/memory.user-store.js';
export { type StorageAsyncOptions, StorageModule } from './storage/storage.module.js';
export { StorageOptions } from './storage/storage-options.js';

export { userJson } from './http/api/users/user-json.js';
export { ReadsOwnBody } from './http/body-decorators.js';
export { HttpOptions } from './server/http/http-options.js';
export { createExpressServer } from './server/http/express-server.js';
export { JsonExpressAdapter } from './server/http/json-express.adapter.js';

export { AppModule } from './server/app.module.js';
export { type Config, ConfigError } from './server/config/config.js';
export type { CompatRules, Rule } from './server/config/compat-rules.js';
export { type ConfigReading, loadConfig } from './server/config/load-config.js';
export { configureApp, createApp } from './server/create-app.js';

export { AlxAppModule } from './compat/alx/alx-app.module.js';
export { ALX_RULES } from './compat/alx/alx-rules.js';
export { AlxModule } from './compat/alx/alx.module.js';
export { configureAlxApp, createAlxApp } from './compat/alx/create-alx-app.js';
