import type { Type } from '@nestjs/common';
import type { Dialect } from '../http/dialect.js';
import { STANDARD } from '../http/dialects/standard.js';
import type { Limits } from '../sessions/session-lifetime.js';
import type { Auth } from './auth.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** What the auth module needs to know; each value left out is the one below. */
export class AuthOptions {
  /** One strategy, or several of which the first that is concerned decides. */
  readonly type: string | readonly string[] = 'session_db_auth';
  /** Schemes of your own by the word that `type` names them with. */
  readonly strategies: Readonly<Record<string, Type<Auth>>> = {};
  /** How long sessions live under the strategies that let them end. */
  readonly lifetime: Limits = { idle: 30 * MINUTE, absolute: 12 * 60 * MINUTE };
  /** The same of those that asked at sign-in to be remembered. */
  readonly remembered: Limits = { idle: 14 * DAY, absolute: 30 * DAY };
  /** A name with the prefix `__Host-` holds only where the cookie is `secure`. */
  readonly cookie: { readonly name: string; readonly secure: boolean } = { name: '__Host-sid', secure: true };
  /**
   * What browsers are told at sign-out to delete of the origin that answers (`Clear-Site-Data`). `storage` deletes also
   * what the pages of that origin keep in `localStorage`. Cookies are not on offer: those of sibling hosts would go, too.
   */
  readonly clearSiteData: readonly ('cache' | 'storage')[] = ['cache'];
  /** Origins besides our own whose pages may call as their visitor, such as `https://app.example.com`. */
  readonly trustedOrigins: readonly string[] = [];
  /** The protection space that Basic challenges name. */
  readonly realm: string = 'coatcheck';
  readonly dialect: Dialect = STANDARD;

  constructor(options: Partial<AuthOptions> = {}) {
    Object.assign(this, options);
  }

  get types(): readonly string[] {
    return typeof this.type === 'string' ? [this.type] : this.type;
  }
}
