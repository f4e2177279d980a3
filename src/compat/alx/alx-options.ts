import type { AuthOptions } from '../../auth/auth-options.js';
import type { UsersOptions } from '../../users/users-options.js';
import { alxErrorFormat } from './alx-error-format.js';
import { ALX_STRATEGIES } from './alx-strategies.js';

/** The options that the course contract fixes. */
export const ALX_AUTH = {
  strategies: ALX_STRATEGIES,
  clearSiteData: [],
  errorFormat: alxErrorFormat,
} as const satisfies Partial<AuthOptions>;

export const ALX_USERS = {
  exactEmails: true,
  passwordBlocklist: false,
  passwordContext: [],
} as const satisfies Partial<UsersOptions>;
