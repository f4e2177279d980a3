import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { AuthModule, type AuthSyncOptions } from '../../auth.module.js';
import { AuthOptions } from '../../auth/auth-options.js';
import { chooseStrategies, remembersUsers } from '../../auth/auth.provider.js';
import { SessionCookie } from '../../auth/carriers/session-cookie.js';
import { AuthGuard } from '../../auth/guards/auth.guard.js';
import { CrossSiteCheck } from '../../auth/guards/cross-site-check.js';
import { FreshGuard } from '../../auth/guards/fresh.guard.js';
import { NoLoginController } from '../../http/api/auth-session/no-login.controller.js';
import { SessionView } from '../../http/api/sessions/session-view.js';
import { SessionsController } from '../../http/api/sessions/sessions.controller.js';
import { UserSessionsController } from '../../http/api/sessions/user-sessions.controller.js';
import { BodyGuard } from '../../http/body.guard.js';
import { InputPipe } from '../../http/input.pipe.js';
import { UsersModule } from '../../users.module.js';
import type { UsersOptions } from '../../users/users-options.js';
import { AlxAuthController } from './alx-auth.controller.js';
import { AlxAuthGuard } from './alx-auth.guard.js';
import { AlxBodyGuard } from './alx-body.guard.js';
import { AlxCrossSiteCheck } from './alx-cross-site-check.js';
import { AlxFreshGuard } from './alx-fresh.guard.js';
import { AlxInputPipe } from './alx-input.pipe.js';
import { ALX_AUTH, ALX_USERS } from './alx-options.js';
import { AlxPasswordController } from './alx-password.controller.js';
import { AlxServiceController } from './alx-service.controller.js';
import { AlxSessionCookie } from './alx-session-cookie.js';
import { AlxSessionView } from './alx-session-view.js';
import { AlxUsersController } from './alx-users.controller.js';

/** What the contract has instead of parts of `AuthModule`. */
const REPLACEMENTS: readonly Provider[] = [
  { provide: AuthGuard, useClass: AlxAuthGuard },
  { provide: BodyGuard, useClass: AlxBodyGuard },
  { provide: FreshGuard, useClass: AlxFreshGuard },
  { provide: InputPipe, useClass: AlxInputPipe },
  { provide: SessionCookie, useClass: AlxSessionCookie },
  { provide: SessionView, useClass: AlxSessionView },
  {
    provide: CrossSiteCheck,
    inject: [AuthOptions],
    useFactory: ({ cookie, trustedOrigins }: AuthOptions) =>
      new AlxCrossSiteCheck({ https: cookie.secure, trustedOrigins }),
  },
];

/** Serves the course contract: `AuthModule` and `UsersModule` with its own routes, guards and error answers. */
@Module({})
export class AlxModule {
  static forRoot({
    auth = {},
    users = {},
  }: { readonly auth?: AuthSyncOptions; readonly users?: Partial<UsersOptions> } = {}): DynamicModule {
    const strategies = { ...auth.strategies, ...ALX_AUTH.strategies };
    const module = AuthModule.forRoot({
      lifetime: { idle: Infinity, absolute: Infinity },
      ...auth,
      ...ALX_AUTH,
      strategies,
      routes: false,
    });
    const { types } = new AuthOptions({ ...auth, strategies });
    return {
      module: AlxModule,
      imports: [
        {
          ...module,
          controllers: controllersFor(chooseStrategies(types, strategies)),
          providers: [...(module.providers ?? []), ...REPLACEMENTS],
        },
        UsersModule.forRoot({
          registration: 'signed_in',
          passwordMinLength: 1,
          ...users,
          ...ALX_USERS,
          routes: false,
        }),
      ],
      controllers: [AlxServiceController, AlxUsersController],
    };
  }
}

function controllersFor(strategies: Parameters<typeof remembersUsers>[0]): Type[] {
  const login = remembersUsers(strategies)
    ? [AlxAuthController, SessionsController, UserSessionsController]
    : [NoLoginController];
  return [AlxPasswordController, ...login];
}
