import type { Type } from '@nestjs/common';
import { type ErrorFormat, problemDetails } from '../common/problem.js';
import type { Limits } from '../sessions/session-lifetime.js';
import { type Given, type RulesOf, aFunction, assignOptions, flag, listOf } from '../common/options.js';
import type { Auth } from './auth.js';
import { type MessageAuthorization, authorizationInHeaders } from './message-authorization.js';
import {
  CLEAR_SITE_DATA,
  COOKIE_DOMAIN,
  COOKIE_NAME,
  COOKIE_PATH,
  PARTITIONED,
  SAME_SITE,
  LIMIT,
  REALM,
  RECHECK,
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
      (isForSecureCookies(String(name)) && secure === false
        ? 'the prefixes __Host- and __Secure- need secure: true; for plain HTTP also set another name, such as sid'
        : null),
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
  messageAuthorization: aFunction,
  sockets: { recheck: RECHECK },
  allowMemorySessionsInTests: flag,
  global: flag,
  routes: flag,
};

/** The attributes of a cookie (RFC 6265bis); browsers accept some names only with some attributes. */
export interface CookieSettings {
  /** The prefixes `__Host-` and `__Secure-` need `secure`. `__Host-` also needs the path `/` and no domain. */
  readonly name: string;
  /** Whether browsers send the cookie over HTTPS only. If true, the application's own origin has the scheme `https`. */
  readonly secure: boolean;
  readonly path: string;
  /** A host that gets the cookie together with its sub-domains; null for only the host that set it. */
  readonly domain: string | null;
  /** With `none`, pages of other sites can send the cookie too. `none` needs `secure`. */
  readonly sameSite: 'lax' | 'strict' | 'none';
  /** Whether browsers keep one cookie for each top-level site (CHIPS). Needs `secure`. */
  readonly partitioned: boolean;
}

/** The options of the auth module. An option that is left out has the default below. */
export class AuthOptions {
  /** The strategies, as a list or separated by commas. The first strategy whose credential is present decides. */
  readonly type: string | readonly string[] = 'session_db_auth';
  /** Your own strategies, under the names that `type` uses for them. */
  readonly strategies: Readonly<Record<string, Type<Auth>>> = {};
  /** The limits of sessions, in milliseconds. Under `session_auth`, sessions have no limits. */
  readonly lifetime: Limits = { idle: 30 * MINUTE, absolute: 12 * 60 * MINUTE };
  /** The limits of sessions that the client asked to remember at sign-in, in milliseconds. */
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
   * What browsers delete for this origin at sign-out (`Clear-Site-Data`). `storage` includes `localStorage`. There is no
   * `cookies`, because it would delete cookies of sibling hosts too.
   */
  readonly clearSiteData: readonly ('cache' | 'storage')[] = ['cache'];
  /** Other origins whose pages may send requests with their visitor's cookie, such as `https://app.example.com`. */
  readonly trustedOrigins: readonly string[] = [];
  /** The realm in the challenges of `WWW-Authenticate`. */
  readonly realm: string = 'coatcheck';
  /** Formats every refusal: of the Coatcheck routes, of the Coatcheck guards on your routes, and of requests before routing. */
  readonly errorFormat: ErrorFormat = problemDetails;
  /**
   * Finds the text of `Authorization` in a message of a microservice, or in the context that Nest passes with it. The default reads the
   * headers of NATS. Messages of TCP and Redis have none, so the text must be in a field of the message.
   */
  readonly messageAuthorization: MessageAuthorization = authorizationInHeaders;
  /**
   * The sockets of gateways and of GraphQL subscriptions. Within `recheck` milliseconds after a session has ended, in whatever
   * process, its sockets are closed.
   */
  readonly sockets: { readonly recheck: number } = { recheck: 5000 };
  /**
   * Lets `session_db_auth` and `token_auth` run with a session store that is not durable, such as `memory:`. For tests only: a
   * restart signs every user out.
   */
  readonly allowMemorySessionsInTests: boolean = false;

  /** Whether the guards apply to every route of the application. If false, apply them with `@UseGuards(AuthGuard)`. */
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

export type AuthOptionsGiven = Given<
  Omit<AuthOptions, 'types'>,
  'lifetime' | 'remembered' | 'cookie' | 'sockets'
>;
