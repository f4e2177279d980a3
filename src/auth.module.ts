import {
  type DynamicModule,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Auth } from './auth/auth.js';
import { AuthController } from './http/api/auth-session/auth.controller.js';
import { AuthGuard } from './auth/guards/auth.guard.js';
import { AuthOptions } from './auth/auth-options.js';
import { AccessTokensController } from './http/api/access-tokens/access-tokens.controller.js';
import { authProvider, chooseStrategies, remembersUsers, takesTokens } from './auth/auth.provider.js';
import { BearerAlone } from './auth/bearer-alone.js';
import { BodyGuard } from './http/body.guard.js';
import { CrossSiteCheck } from './auth/guards/cross-site-check.js';
import { InputPipe } from './http/input.pipe.js';
import { GUARDS, OwnRouteGuard } from './http/own-route.guard.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ChosenSignInWays } from './auth/chosen-sign-in-ways.js';
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
import { SignInWays } from './users/sign-in-ways.js';
import { UserStore } from './users/user-store.js';
import { UserListener } from './users/user-listener.js';
import { SessionCookie } from './auth/carriers/session-cookie.js';
import { SessionEnder } from './auth/session-ender.js';
import { SessionUsers, sessionUsersOf } from './auth/session-users.js';
import { SessionView } from './http/api/sessions/session-view.js';
import { SessionsController } from './http/api/sessions/sessions.controller.js';
import { UserSessionsController } from './http/api/sessions/user-sessions.controller.js';

/** Which strategies there are decides which routes there are, so it is known before the application is built. */
type Choice = Partial<Pick<AuthOptions, 'type' | 'strategies'>>;

/** What is known before the application is built. */
interface Composition extends Pick<ModuleMetadata, 'imports'> {
  /** Whether the guards stand before every route of the application; where not, `@UseGuards(AuthGuard)` puts them there. */
  readonly global?: boolean;
  /** Whether the routes of this module are served. */
  readonly routes?: boolean;
}

export type AuthSyncOptions = Partial<AuthOptions> & Composition;

export interface AuthAsyncOptions extends Choice, Composition {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (
    ...args: never[]
  ) => Promise<Partial<Omit<AuthOptions, keyof Choice>>> | Partial<Omit<AuthOptions, keyof Choice>>;
}

/** Tells who is asking and lets in only who may, on every route of the application. */
@Module({})
export class AuthModule {
  /** `imports` are the modules of what your own strategies inject. */
  static forRoot({ imports, global, routes, ...options }: AuthSyncOptions = {}): DynamicModule {
    return AuthModule.forRootAsync({
      ...choiceOf(options),
      imports,
      global,
      routes,
      useFactory: () => options,
    });
  }

  static forRootAsync({
    imports = [],
    inject = [],
    global = true,
    routes = true,
    useFactory,
    ...given
  }: AuthAsyncOptions): DynamicModule {
    const choice = choiceOf(given);
    const { types, strategies } = new AuthOptions(choice);
    const chosen = chooseStrategies(types, strategies);
    return {
      module: AuthModule,
      imports,
      controllers: routes ? controllersFor(chosen) : [],
      providers: [
        {
          provide: AuthOptions,
          inject,
          useFactory: async (...args: never[]) =>
            new AuthOptions({ ...(await useFactory(...args)), ...choice }),
        },
        SessionCookie,
        SessionView,
        { provide: UserListener, useClass: SessionEnder },
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
          useFactory: ({ cookie, trustedOrigins, dialect }: AuthOptions) =>
            new CrossSiteCheck({ https: cookie.secure, trustedOrigins, isOpen: dialect.openToOrigins }),
        },
        BearerAlone,
        { provide: SignInWays, useClass: ChosenSignInWays },
        { provide: FieldRules, useClass: RequestFieldRules },
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
        SignInWays,
        UserListener,
      ],
      global: true,
    };
  }
}

function choiceOf({ type, strategies }: Choice): Choice {
  return { ...(type !== undefined && { type }), ...(strategies !== undefined && { strategies }) };
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
