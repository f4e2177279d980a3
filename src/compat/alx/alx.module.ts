import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { type AuthAsyncOptions, AuthModule, type AuthSyncOptions } from '../../auth.module.js';
import { AuthOptions, type AuthOptionsGiven } from '../../auth/auth-options.js';
import { chooseStrategies, remembersUsers } from '../../auth/auth.provider.js';
import { CookieCarrier } from '../../auth/carriers/cookie-carrier.js';
import { AuthGuard } from '../../auth/guards/auth.guard.js';
import { CrossSiteCheck } from '../../auth/guards/cross-site-check.js';
import { FreshGuard } from '../../auth/guards/fresh.guard.js';
import type { AsyncOptions } from '../../common/async-options.js';
import { NoLoginController } from '../../http/api/auth-session/no-login.controller.js';
import { SessionView } from '../../http/api/sessions/session-view.js';
import { SessionsController } from '../../http/api/sessions/sessions.controller.js';
import { UserSessionsController } from '../../http/api/sessions/user-sessions.controller.js';
import { BodyGuard } from '../../http/body.guard.js';
import { InputPipe } from '../../http/input.pipe.js';
import { type UsersAsyncOptions, UsersModule } from '../../users.module.js';
import type { UsersOptionsGiven } from '../../users/users-options.js';
import { AlxAuthController } from './alx-auth.controller.js';
import { AlxAuthGuard } from './alx-auth.guard.js';
import { AlxBodyGuard } from './alx-body.guard.js';
import { AlxCrossSiteCheck } from './alx-cross-site-check.js';
import { AlxFreshGuard } from './alx-fresh.guard.js';
import { AlxInputPipe } from './alx-input.pipe.js';
import { ALX_AUTH, ALX_USERS } from './alx-options.js';
import { AlxPasswordController } from './alx-password.controller.js';
import { AlxServiceController } from './alx-service.controller.js';
import { AlxCookieCarrier } from './alx-cookie-carrier.js';
import { AlxSessionView } from './alx-session-view.js';
import { AlxUsersController } from './alx-users.controller.js';

/** The providers of the course contract that replace those of `AuthModule`. */
const REPLACEMENTS: readonly Provider[] = [
  { provide: AuthGuard, useClass: AlxAuthGuard },
  { provide: BodyGuard, useClass: AlxBodyGuard },
  { provide: FreshGuard, useClass: AlxFreshGuard },
  { provide: InputPipe, useClass: AlxInputPipe },
  { provide: CookieCarrier, useClass: AlxCookieCarrier },
  { provide: SessionView, useClass: AlxSessionView },
  {
    provide: CrossSiteCheck,
    inject: [AuthOptions],
    useFactory: ({ cookie, trustedOrigins }: AuthOptions) =>
      new AlxCrossSiteCheck({ https: cookie.secure, trustedOrigins }),
  },
];

/** The defaults of the course contract. */
const AUTH_DEFAULTS = {
  lifetime: { idle: Infinity, absolute: Infinity },
} as const satisfies AuthOptionsGiven;
const USERS_DEFAULTS = {
  registration: 'signed_in',
  passwordMinLength: 1,
} as const satisfies UsersOptionsGiven;

/** Serves the course contract: `AuthModule` and `UsersModule` with its own routes, guards and error answers. */
@Module({})
export class AlxModule {
  static forRoot({
    auth = {},
    users = {},
  }: { readonly auth?: AuthSyncOptions; readonly users?: UsersOptionsGiven } = {}): DynamicModule {
    const strategies = { ...auth.strategies, ...ALX_AUTH.strategies };
    return moduleOf(
      auth.type,
      strategies,
      AuthModule.forRoot({ ...AUTH_DEFAULTS, ...auth, ...ALX_AUTH, strategies, routes: false }),
      UsersModule.forRoot({ ...USERS_DEFAULTS, ...users, ...ALX_USERS, routes: false }),
    );
  }

  static forRootAsync({
    auth,
    users,
  }: {
    readonly auth: AuthAsyncOptions;
    readonly users: UsersAsyncOptions;
  }): DynamicModule {
    const strategies = { ...auth.strategies, ...ALX_AUTH.strategies };
    const { strategies: _, ...fixed } = ALX_AUTH;
    return moduleOf(
      auth.type,
      strategies,
      AuthModule.forRootAsync({ ...around(auth, AUTH_DEFAULTS, fixed), strategies, routes: false }),
      UsersModule.forRootAsync({ ...around(users, USERS_DEFAULTS, ALX_USERS), routes: false }),
    );
  }
}

/** The same options, whose factory returns the defaults too, and the fixed values instead of its own. */
function around<Options extends AsyncOptions<object>>(
  options: Options,
  defaults: object,
  fixed: object,
): Options {
  const useFactory = async (...args: never[]) => ({
    ...defaults,
    ...(await options.useFactory(...args)),
    ...fixed,
  });
  return { ...options, useFactory };
}

function moduleOf(
  type: AuthOptionsGiven['type'],
  strategies: AuthOptions['strategies'],
  auth: DynamicModule,
  users: DynamicModule,
): DynamicModule {
  const { types } = new AuthOptions({ type, strategies });
  return {
    module: AlxModule,
    imports: [
      {
        ...auth,
        controllers: controllersFor(chooseStrategies(types, strategies)),
        providers: [...(auth.providers ?? []), ...REPLACEMENTS],
      },
      users,
    ],
    controllers: [AlxServiceController, AlxUsersController],
  };
}

function controllersFor(strategies: Parameters<typeof remembersUsers>[0]): Type[] {
  const login = remembersUsers(strategies)
    ? [AlxAuthController, SessionsController, UserSessionsController]
    : [NoLoginController];
  return [AlxPasswordController, ...login];
}
