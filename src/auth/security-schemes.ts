import type { Type } from '@nestjs/common';
import type { SecuritySchemes } from '../http/api-description.js';
import type { AuthOptions } from './auth-options.js';
import { BasicAuth } from './strategies/basic.auth.js';
import { SessionAuth } from './strategies/session.auth.js';
import { chooseSchemes } from './auth.provider.js';

/** The chosen schemes as the description of the API names them; one of your own goes by the word of its own. */
export function securitySchemes({ types, schemes, cookie }: AuthOptions): SecuritySchemes {
  const named = chooseSchemes(types, schemes).map((scheme, index) => {
    const isA = (base: Type) => scheme === base || scheme.prototype instanceof base;
    if (isA(SessionAuth)) return ['session', { type: 'apiKey', in: 'cookie', name: cookie.name }];
    if (isA(BasicAuth)) return ['basic', { type: 'http', scheme: 'basic' }];
    return [types[index], { type: 'http', scheme: types[index] }];
  });
  return Object.fromEntries(named);
}
