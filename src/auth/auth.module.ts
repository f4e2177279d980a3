import { type DynamicModule, type FactoryProvider, Module, type ModuleMetadata } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Auth } from './auth.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { AuthOptions } from './auth-options.js';
import { AccessTokensController } from './access-tokens.controller.js';
import { authProvider, chooseSchemes, remembersUsers, takesTokens } from './auth.provider.js';
import { BearerAlone } from './bearer-alone.js';
import { ChosenSignInWays } from './chosen-sign-in-ways.js';
import { Clock, SystemClock } from '../common/clock.js';
import { FieldRules } from '../common/field-rules.js';
import { FreshGuard } from './fresh.guard.js';
import { LateBodyGuard } from './late-body.guard.js';
import { NoLoginController } from './no-login.controller.js';
import { PasswordController } from './password.controller.js';
import { Refusals } from './refusals.js';
import { RequestFieldRules } from './request-field-rules.js';
import { RolesGuard } from './roles.guard.js';
import { SessionStore } from '../sessions/session-store.js';
import { SetupCheck } from '../common/setup-check.js';
import { SignInWays } from '../users/sign-in-ways.js';
import { UserStore } from '../users/user-store.js';
import { UserWatcher } from '../users/user-watcher.js';
import { SessionCookie } from './session-cookie.js';
import { SessionEnder } from './session-ender.js';
import { SessionUsers, sessionUsersOf } from './session-users.js';
import { SessionView } from './session-view.js';
import { SessionsController } from './sessions.controller.js';
import { UserSessionsController } from './user-sessions.controller.js';

/** Which schemes there are decides which routes there are, so it is known before the application is built. */
type Choice = Partial<Pick<AuthOptions, 'type' | 'schemes'>>;

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
  /** `imports` are the modules of what your own schemes inject. */
  static forRoot({ imports = [], ...options }: AuthSyncOptions = {}): DynamicModule {
    return AuthModule.forRootAsync({ ...choiceOf(options), imports, useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory, ...given }: AuthAsyncOptions): DynamicModule {
    const choice = choiceOf(given);
    const { types, schemes } = new AuthOptions(choice);
    const chosen = chooseSchemes(types, schemes);
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
        { provide: UserWatcher, useClass: SessionEnder },
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
      exports: [Auth, AuthGuard, AuthOptions, SignInWays, UserWatcher],
      global: true,
    };
  }
}

function choiceOf({ type, schemes }: Choice): Choice {
  return { ...(type !== undefined && { type }), ...(schemes !== undefined && { schemes }) };
}
