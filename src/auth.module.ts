import {
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type NestModule,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { Auth } from './auth/auth.js';
import { AuthController } from './http/api/auth-session/auth.controller.js';
import { AuthGuard } from './auth/guards/auth.guard.js';
import { AuthOptions, type AuthOptionsGiven } from './auth/auth-options.js';
import { type AsyncOptions, assertAsync, optionsProvider } from './common/async-options.js';
import { assertObject } from './common/options.js';
import { AccessTokensController } from './http/api/access-tokens/access-tokens.controller.js';
import { AuthNeeds } from './auth/auth-needs.js';
import { authProvider, chooseStrategies, remembersUsers, takesTokens } from './auth/auth.provider.js';
import { BearerAlone } from './auth/bearer-alone.js';
import { BodyGuard } from './http/body.guard.js';
import { CrossSiteCheck } from './auth/guards/cross-site-check.js';
import { leaveOwnBodies } from './http/fastify-bodies.js';
import { InputPipe } from './http/input.pipe.js';
import { GUARDS, OwnRouteGuard } from './http/own-route.guard.js';
import { ProblemFilter } from './http/problem.filter.js';
import { Clock, SystemClock } from './common/clock.js';
import { Tracing } from './common/tracing.js';
import { FieldRules } from './http/field-rules.js';
import { FreshGuard } from './auth/guards/fresh.guard.js';
import { LateBodyGuard } from './auth/guards/late-body.guard.js';
import { NoLoginController } from './http/api/auth-session/no-login.controller.js';
import { PasswordController } from './http/api/passwords/password.controller.js';
import { PendingSignIns } from './auth/pending-sign-ins.js';
import { Refusals } from './auth/refusals.js';
import { SecondFactor } from './auth/second-factor.js';
import { RequestFieldRules } from './http/request-field-rules.js';
import { RolesGuard } from './auth/guards/roles.guard.js';
import { FieldGuardCheck } from './field-guard-check.js';
import { MessageGuards } from './message-guards.js';
import { GuardCheck } from './guard-check.js';
import { MailQueue } from './users/mails/mail-queue.js';
import { UsersService } from './users/users.service.js';
import { StartCheck } from './start-check.js';
import { Carriers } from './auth/carriers/carriers.js';
import { BearerCarrier } from './auth/carriers/bearer-carrier.js';
import { CookieCarrier } from './auth/carriers/cookie-carrier.js';
import { SecurityEvents } from './audit/security-events.js';
import { Gateways } from './auth/sockets/gateways.js';
import { HandshakeRequests } from './auth/sockets/handshake-requests.js';
import { SocketWatch } from './auth/sockets/socket-watch.js';
import { Subscriptions } from './auth/sockets/subscriptions.js';
import { SignInService } from './auth/sign-in.service.js';
import { SessionEnder } from './auth/session-ender.js';
import { DirectoryAccounts } from './users/accounts.js';
import { sessionCredentialsOf } from './auth/session-credentials.js';
import { DirectorySessionUsers, SessionUsers, sessionUsersOf } from './auth/session-users.js';
import { SessionView } from './http/api/sessions/session-view.js';
import { SessionsController } from './http/api/sessions/sessions.controller.js';
import { LiveController } from './http/api/service/live.controller.js';
import { UserSessionsController } from './http/api/sessions/user-sessions.controller.js';

/** What decides which guards, routes and providers there are: it is known before the application is built. */
type Choice = Pick<AuthOptionsGiven, 'type' | 'strategies' | 'global' | 'routes'>;

export type AuthSyncOptions = AuthOptionsGiven & Pick<ModuleMetadata, 'imports'>;

export interface AuthAsyncOptions extends AsyncOptions<Omit<AuthOptionsGiven, keyof Choice>>, Choice {}

/** Tells who is asking and lets in only who may, on every route of the application. */
@Module({})
export class AuthModule extends NeedsForRoot implements NestModule {
  @Inject(HttpAdapterHost)
  private readonly adapterHost!: HttpAdapterHost;

  /** `imports` are the modules of what your own strategies inject. */
  static forRoot(all: AuthSyncOptions = {}): DynamicModule {
    assertObject('AuthOptions', all);
    const { imports = [], ...given } = all;
    const options = new AuthOptions(given);
    return moduleOf(options, imports, { provide: AuthOptions, useValue: options });
  }

  static forRootAsync(all: AuthAsyncOptions): DynamicModule {
    assertAsync('AuthOptions', all, ['type', 'strategies', 'global', 'routes']);
    const { type, strategies, global, routes, ...given } = all;
    const choice = { type, strategies, global, routes };
    return moduleOf(new AuthOptions(choice), given.imports, optionsProvider(AuthOptions, given, choice));
  }

  /** Nest calls this before it makes the routes. */
  configure(): void {
    leaveOwnBodies(this.adapterHost.httpAdapter);
  }
}

/** What a `SignInService` needs besides its services. */
type SignInNeeds =
  ConstructorParameters<typeof SignInService> extends [unknown, unknown, unknown, ...infer Rest]
    ? Rest
    : never;

function moduleOf(
  { types, strategies, global, routes }: AuthOptions,
  imports: ModuleMetadata['imports'],
  options: Provider<AuthOptions>,
): DynamicModule {
  const chosen = chooseStrategies(types, strategies);
  return {
    module: AuthModule,
    imports,
    controllers: routes ? controllersFor(chosen) : [],
    providers: [
      MADE_BY_FOR_ROOT,
      StartCheck,
      FieldGuardCheck,
      MessageGuards,
      options,
      CookieCarrier,
      BearerCarrier,
      Carriers,
      SecurityEvents,
      Tracing,
      {
        provide: SignInService,
        inject: [
          Auth,
          AuthNeeds,
          AuthOptions,
          SecurityEvents,
          { token: UsersService, optional: true },
          { token: MailQueue, optional: true },
          { token: SecondFactor, optional: true },
          { token: PendingSignIns, optional: true },
        ],
        useFactory: (auth: Auth, { passwords, sessions }: AuthNeeds, ...rest: SignInNeeds) =>
          new SignInService(auth, passwords, sessions, ...rest),
      },
      SessionView,
      { provide: Clock, useClass: SystemClock },
      AuthNeeds,
      {
        provide: SessionEnder,
        inject: [AuthNeeds],
        useFactory: ({ sessions }: AuthNeeds) => new SessionEnder(sessions),
      },
      {
        provide: SessionUsers,
        inject: [AuthNeeds],
        useFactory: ({ sessionStore, userStore, credentialStore, accounts }: AuthNeeds) =>
          accounts instanceof DirectoryAccounts
            ? new DirectorySessionUsers(sessionCredentialsOf(sessionStore, credentialStore), accounts)
            : sessionUsersOf(sessionStore, userStore),
      },
      // The strategies are built where all that they need is there.
      { ...authProvider, inject: [...authProvider.inject!, AuthNeeds] },
      SocketWatch,
      Subscriptions,
      HandshakeRequests,
      Gateways,
      AuthGuard,
      RolesGuard,
      LateBodyGuard,
      FreshGuard,
      BodyGuard,
      OwnRouteGuard,
      Refusals,
      ProblemFilter,
      InputPipe,
      {
        provide: CrossSiteCheck,
        inject: [AuthOptions],
        useFactory: ({ cookie, trustedOrigins }: AuthOptions) =>
          new CrossSiteCheck({ https: cookie.secure, trustedOrigins }),
      },
      BearerAlone,
      {
        provide: FieldRules,
        inject: [AuthNeeds, Clock],
        useFactory: ({ passwords, usersOptions }: AuthNeeds, clock: Clock) =>
          new RequestFieldRules(passwords, usersOptions, clock),
      },
      ...(global ? [] : [GuardCheck]),
      ...(global ? GUARDS : [BodyGuard]).map((guard) => ({ provide: APP_GUARD, useExisting: guard })),
    ],
    exports: [
      Auth,
      AuthOptions,
      ...GUARDS,
      OwnRouteGuard,
      ProblemFilter,
      InputPipe,
      FieldRules,
      CrossSiteCheck,
      Refusals,
      Subscriptions,
      CookieCarrier,
      BearerCarrier,
      SignInService,
      SessionView,
      Clock,
    ],
    global: true,
  };
}

function controllersFor(strategies: readonly Type<Auth>[]): Type[] {
  return [
    PasswordController,
    LiveController,
    ...(remembersUsers(strategies)
      ? [AuthController, SessionsController, UserSessionsController]
      : [NoLoginController]),
    ...(takesTokens(strategies) ? [AccessTokensController] : []),
  ];
}
