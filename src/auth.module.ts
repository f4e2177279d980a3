import { type DynamicModule, type FactoryProvider, Module, type ModuleMetadata } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Auth } from './auth/auth.js';
import { AuthController } from './http/api/auth-session/auth.controller.js';
import { AuthGuard } from './auth/guards/auth.guard.js';
import { AuthOptions } from './auth/auth-options.js';
import { AccessTokensController } from './http/api/access-tokens/access-tokens.controller.js';
import { authProvider, chooseStrategies, remembersUsers, takesTokens } from './auth/auth.provider.js';
import { BearerAlone } from './auth/bearer-alone.js';
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
import { SetupCheck } from './http/setup-check.js';
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

export type AuthSyncOptions = Partial<AuthOptions> & Pick<ModuleMetadata, 'imports'>;

export interface AuthAsyncOptions extends Choice, Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (
    ...args: never[]
  ) => Promise<Partial<Omit<AuthOptions, keyof Choice>>> | Partial<Omit<AuthOptions, keyof Choice>>;
}

/** Tells who is asking and lets in only who may, on every route of the application. */
@Module({})
export class AuthModule {
  /** `imports` are the modules of what your own strategies inject. */
  static forRoot({ imports = [], ...options }: AuthSyncOptions = {}): DynamicModule {
    return AuthModule.forRootAsync({ ...choiceOf(options), imports, useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory, ...given }: AuthAsyncOptions): DynamicModule {
    const choice = choiceOf(given);
    const { types, strategies } = new AuthOptions(choice);
    const chosen = chooseStrategies(types, strategies);
    return {
      module: AuthModule,
      imports,
      controllers: [
        PasswordController,
        ...(remembersUsers(chosen)
          ? [AuthController, SessionsController, UserSessionsController]
          : [NoLoginController]),
        ...(takesTokens(chosen) ? [AccessTokensController] : []),
      ],
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
        Refusals,
        BearerAlone,
        SetupCheck,
        { provide: SignInWays, useClass: ChosenSignInWays },
        { provide: FieldRules, useClass: RequestFieldRules },
        { provide: APP_GUARD, useExisting: AuthGuard },
        { provide: APP_GUARD, useExisting: RolesGuard },
      ],
      exports: [Auth, AuthGuard, AuthOptions, SignInWays, UserListener],
      global: true,
    };
  }
}

function choiceOf({ type, strategies }: Choice): Choice {
  return { ...(type !== undefined && { type }), ...(strategies !== undefined && { strategies }) };
}
