import type { FactoryProvider } from '@nestjs/common';
import { AuthOptions } from './auth/auth-options.js';
import { checkNeeds } from './common/needs.js';

/** Stops the start where a module serves routes and there is no `AuthModule` to guard them. */
export function routesNeedAuth(module: string): FactoryProvider<void> {
  return {
    provide: Symbol('routesNeedAuth'),
    inject: [{ token: AuthOptions, optional: true }],
    useFactory: (auth?: AuthOptions) =>
      checkNeeds(`the routes of ${module} (routes: false serves none)`, { AuthModule: auth }),
  };
}
