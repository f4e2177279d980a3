import type { Type } from '@nestjs/common';
import { type ErrorFormat, problemDetails } from '../common/problem.js';
import type { Limits } from '../sessions/session-lifetime.js';
import { type Given, type RulesOf, aFunction, assignOptions, flag, listOf } from '../common/options.js';
import type { Auth } from './auth.js';
import {
  CLEAR_SITE_DATA,
  COOKIE_DOMAIN,
  COOKIE_NAME,
  COOKIE_PATH,
  PARTITIONED,
  SAME_SITE,
  LIMIT,
  REALM,
  REMEMBERED,
  STRATEGY_CLASSES,
  TRUSTED_ORIGIN,
  TYPE,
  idleLimit,
  isForSecureCookies,
  typesOf,
} from './auth-rules.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const RULES: RulesOf<Omit<AuthOptions, 'types'>> = {
  type: TYPE,
  strategies: STRATEGY_CLASSES,
  lifetime: { idle: idleLimit(30 * MINUTE), absolute: LIMIT },
  remembered: { idle: idleLimit(14 * DAY), absolute: REMEMBERED },
  cookie: {
    name: (name, { secure } = {}) =>
      COOKIE_NAME(name) ??
      (isForSecureCookies(String(name)) && secure === false ? 'this prefix needs secure: true' : null),
    secure: flag,
    path: COOKIE_PATH,
    domain: COOKIE_DOMAIN,
    sameSite: SAME_SITE,
    partitioned: PARTITIONED,
  },
  clearSiteData: CLEAR_SITE_DATA,
  trustedOrigins: listOf(TRUSTED_ORIGIN),
  realm: REALM,
  errorFormat: aFunction,
  global: flag,
  routes: flag,
};

/** The attributes of a cookie (RFC 6265bis); browsers accept some names only with some attributes. */
export interface CookieSettings {
  /** With the prefix `__Host-` the path must be `/` and there is no domain; `__Host-` and `__Secure-` need `secure`. */
  readonly name: string;
  /** Whether browsers send it over HTTPS only, which makes HTTPS the scheme of the application's own origin. */
  readonly secure: boolean;
  readonly path: string;
  /** A host whose sub-domains get the cookie, too; null for the host that set it alone. */
  readonly domain: string | null;
  /** `none` lets pages of other sites send it, where their origins are trusted; it needs `secure`. */
  readonly sameSite: 'lax' | 'strict' | 'none';
  /** Whether it is kept apart for each top-level site (CHIPS); it needs `secure`. */
  readonly partitioned: boolean;
}

/** What the auth module needs to know; each value left out is the one below. */
export class AuthOptions {
  /** One strategy, or several, also by comma: the first whose credential is present decides. */
  readonly type: string | readonly string[] = 'session_db_auth';
  /** Strategies of your own by the word that `type` names them with. */
  readonly strategies: Readonly<Record<string, Type<Auth>>> = {};
  /** How long sessions live under the strategies that let them end. */
  readonly lifetime: Limits = { idle: 30 * MINUTE, absolute: 12 * 60 * MINUTE };
  /** The same of those that asked at sign-in to be remembered. */
  readonly remembered: Limits = { idle: 14 * DAY, absolute: 30 * DAY };
  /** The cookie that carries session tokens. */
  readonly cookie: CookieSettings = {
    name: '__Host-sid',
    secure: true,
    path: '/',
    domain: null,
    sameSite: 'lax',
    partitioned: false,
  };
  /**
   * What browsers are told at sign-out to delete of the origin that answers (`Clear-Site-Data`). `storage` deletes also
   * what the pages of that origin keep in `localStorage`. Cookies are not on offer: those of sibling hosts would go, too.
   */
  readonly clearSiteData: readonly ('cache' | 'storage')[] = ['cache'];
  /** Origins besides our own whose pages may call as their visitor, such as `https://app.example.com`. */
  readonly trustedOrigins: readonly string[] = [];
  /** The protection space that Basic challenges name. */
  readonly realm: string = 'coatcheck';
  /** Writes every refusal: of our routes, of our guards on yours, and of the server before a route is looked for. */
  readonly errorFormat: ErrorFormat = problemDetails;

  /** Whether the guards stand before every route of the application; where not, `@UseGuards(AuthGuard)` puts them there. */
  readonly global: boolean = true;
  /** Whether the routes of sign-in, sessions, access tokens and passwords are served. */
  readonly routes: boolean = true;

  constructor(options: AuthOptionsGiven = {}) {
    assignOptions(this, 'AuthOptions', options, RULES);
  }

  get types(): readonly string[] {
    return typesOf(this.type);
  }
}

export type AuthOptionsGiven = Given<Omit<AuthOptions, 'types'>, 'lifetime' | 'remembered' | 'cookie'>;
