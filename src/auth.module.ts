import { type DynamicModule, Module, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { Auth } from './auth/auth.js';
import { AuthController } from './http/api/auth-session/auth.controller.js';
import { AuthGuard } from './auth/guards/auth.guard.js';
import { AuthOptions, type AuthOptionsGiven } from './auth/auth-options.js';
import { type AsyncOptions, optionsProvider } from './common/async-options.js';
import { AccessTokensController } from './http/api/access-tokens/access-tokens.controller.js';
import { authProvider, chooseStrategies, remembersUsers, takesTokens } from './auth/auth.provider.js';
import { BearerAlone } from './auth/bearer-alone.js';
import { BodyGuard } from './http/body.guard.js';
import { CrossSiteCheck } from './auth/guards/cross-site-check.js';
import { InputPipe } from './http/input.pipe.js';
import { GUARDS, OwnRouteGuard } from './http/own-route.guard.js';
import { ProblemFilter } from './http/problem.filter.js';
import { Clock, SystemClock } from './common/clock.js';
import { FieldRules } from './http/field-rules.js';
import { FreshGuard } from './auth/guards/fresh.guard.js';
import { LateBodyGuard } from './auth/guards/late-body.guard.js';
import { NoLoginController } from './http/api/auth-session/no-login.controller.js';
import { PasswordController } from './http/api/passwords/password.controller.js';
import { Refusals } from './auth/refusals.js';
import { RequestFieldRules } from './http/request-field-rules.js';
import { RolesGuard } from './auth/guards/roles.guard.js';
import { SessionStore } from './sessions/session-store.js';
import { GuardCheck } from './guard-check.js';
import { StartCheck } from './start-check.js';
import { UserStore } from './users/user-store.js';
import { SessionCookie } from './auth/carriers/session-cookie.js';
import { SessionEnder } from './auth/session-ender.js';
import { SessionUsers, sessionUsersOf } from './auth/session-users.js';
import { SessionView } from './http/api/sessions/session-view.js';
import { SessionsController } from './http/api/sessions/sessions.controller.js';
import { UserSessionsController } from './http/api/sessions/user-sessions.controller.js';

/** What decides which guards, routes and providers there are: it is known before the application is built. */
type Choice = Pick<AuthOptionsGiven, 'type' | 'strategies' | 'global' | 'routes'>;

export type AuthSyncOptions = AuthOptionsGiven & Pick<ModuleMetadata, 'imports'>;

export interface AuthAsyncOptions extends AsyncOptions<Omit<AuthOptionsGiven, keyof Choice>>, Choice {}

/** Tells who is asking and lets in only who may, on every route of the application. */
@Module({})
export class AuthModule extends NeedsForRoot {
  /** `imports` are the modules of what your own strategies inject. */
  static forRoot({ imports = [], ...given }: AuthSyncOptions = {}): DynamicModule {
    const options = new AuthOptions(given);
    return moduleOf(options, imports, { provide: AuthOptions, useValue: options });
  }

  static forRootAsync({ type, strategies, global, routes, ...given }: AuthAsyncOptions): DynamicModule {
    const choice = { type, strategies, global, routes };
    return moduleOf(new AuthOptions(choice), given.imports, optionsProvider(AuthOptions, given, choice));
  }
}

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
      options,
      SessionCookie,
      SessionView,
      SessionEnder,
      { provide: Clock, useClass: SystemClock },
      { provide: SessionUsers, inject: [SessionStore, UserStore], useFactory: sessionUsersOf },
      authProvider,
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
      { provide: FieldRules, useClass: RequestFieldRules },
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
      SessionCookie,
      Clock,
    ],
    global: true,
  };
}

function controllersFor(strategies: readonly Type<Auth>[]): Type[] {
  return [
    PasswordController,
    ...(remembersUsers(strategies)
      ? [AuthController, SessionsController, UserSessionsController]
      : [NoLoginController]),
    ...(takesTokens(strategies) ? [AccessTokensController] : []),
  ];
}
