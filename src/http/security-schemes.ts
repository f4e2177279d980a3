import type { SecuritySchemes } from './api-description.js';
import type { UsersOptions } from '../users/users-options.js';
import type { AuthOptions } from '../auth/auth-options.js';
import { BasicAuth } from '../auth/strategies/basic.auth.js';
import { SessionAuth } from '../auth/strategies/session.auth.js';
import { TokenAuth } from '../auth/strategies/token.auth.js';
import { chooseStrategies, isA, remembersUsers } from '../auth/auth.provider.js';

/** The OpenAPI security schemes of the configured strategies. A custom strategy has its name in `AUTH_TYPE`. */
export function securitySchemes(
  { types, strategies, cookie }: AuthOptions,
  { directory }: UsersOptions,
): SecuritySchemes {
  const chosen = chooseStrategies(types, strategies);
  const login = directory ? 'Login' : 'E-mail';
  const description = `${login} and password with each request.${remembersUsers(chosen) ? '' : ' There is no login.'}`;
  const named = chosen.map((strategy, index) => {
    if (isA(strategy, TokenAuth)) return ['bearer', { type: 'http', scheme: 'bearer' }];
    if (isA(strategy, SessionAuth)) return ['session', { type: 'apiKey', in: 'cookie', name: cookie.name }];
    if (isA(strategy, BasicAuth)) return ['basic', { type: 'http', scheme: 'basic', description }];
    return [types[index], { type: 'http', scheme: types[index] }];
  });
  return Object.fromEntries(named);
}
