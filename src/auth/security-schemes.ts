import type { SecuritySchemes } from '../http/api-docs.js';
import type { AuthOptions } from './auth-options.js';
import { BasicAuth } from './strategies/basic.auth.js';
import { SessionAuth } from './strategies/session.auth.js';
import { chooseSchemes } from './auth.provider.js';

/** The chosen schemes as the description of the API names them; one of your own goes by the word of its own. */
export function securitySchemes({ types, schemes, cookie }: AuthOptions): SecuritySchemes {
  const chosen = chooseSchemes(types, schemes);
  return Object.fromEntries(
    chosen.map((scheme, index) => {
      if (scheme.prototype instanceof SessionAuth || scheme === SessionAuth) {
        return ['session', { type: 'apiKey', in: 'cookie', name: cookie.name }];
      }
      if (scheme.prototype instanceof BasicAuth || scheme === BasicAuth)
        return ['basic', { type: 'http', scheme: 'basic' }];
      return [types[index] ?? '', { type: 'http', scheme: types[index] ?? '' }];
    }),
  );
}
