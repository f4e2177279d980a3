import { isDuration } from '../common/duration.js';
import { type Rule, flag, isRecord, listOf, milliseconds, oneOf, text } from '../common/options.js';
import type { Transport } from '../sessions/session.js';
import { Auth } from './auth.js';
import { ORIGINS, isOrigin } from './guards/cross-site-check.js';

/** The transport of the tokens of each built-in strategy, by its name in `AUTH_TYPE`; null for a strategy without tokens. */
export const TRANSPORTS = {
  basic_auth: null,
  session_auth: 'cookie',
  session_exp_auth: 'cookie',
  session_db_auth: 'cookie',
  token_auth: 'bearer',
} as const satisfies Record<string, Transport | null>;

/** The longest time that browsers keep a cookie, in milliseconds: 400 days (RFC 6265bis, section 5.5). */
export const LONGEST_COOKIE = 400 * 86_400_000;

export const TOO_LONG_FOR_COOKIES = 'must be at most 400d, as browsers keep no cookie for longer';
export const SEVERAL_COOKIES = 'must name at most one strategy with cookies, as they would share one cookie';

export const COOKIE_NAME = text(
  (name) => /^(?!__proto__$)[\w!#$%&'*+.^`|~-]{1,100}$/.test(name),
  'must be a cookie name (RFC 6265)',
);

/** Whether browsers accept a cookie of this name only if it is `Secure`. */
export function isForSecureCookies(name: string): boolean {
  return /^__(Host|Secure|Http)-/i.test(name);
}

/** A `__Host-` cookie belongs to one host and has the path `/`. */
const isForOneHost = (name: unknown) => /^__Host-/i.test(String(name));

export const COOKIE_PATH: Rule = (path, { name } = {}) => {
  if (typeof path !== 'string' || !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path))
    return 'must be a path that begins with /';
  return path !== '/' && isForOneHost(name) ? 'must be / with this name' : null;
};

export const COOKIE_DOMAIN: Rule = (domain, { name } = {}) => {
  if (domain === null) return null;
  if (typeof domain !== 'string' || !/^\.?[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(domain))
    return 'must be a host name';
  return isForOneHost(name) ? 'must be left out with this name; the prefix __Secure- allows it' : null;
};

export const SAME_SITE: Rule = (value, { secure } = {}) =>
  oneOf(['lax', 'strict', 'none'])(value) ??
  (value === 'none' && secure !== true ? 'none needs secure: true' : null);

export const PARTITIONED: Rule = (value, { secure } = {}) =>
  flag(value) ?? (value === true && secure !== true ? 'true needs secure: true' : null);

/** The names of strategies in `type`. */
export function typesOf(type: string | readonly string[]): readonly string[] {
  return typeof type === 'string' ? type.split(',').map((word) => word.trim()) : type;
}

/** The built-in strategies among `types` whose tokens use this transport. */
export function typesWith(transport: Transport, types: readonly string[]): readonly string[] {
  return types.filter((type) =>
    Object.entries(TRANSPORTS).some(([word, by]) => word === type && by === transport),
  );
}

/** The rule of a list of strategies: at least one, each known, none twice. */
export function typesAmong(known: readonly string[]): Rule {
  return (types) => {
    if (!Array.isArray(types) || types.length === 0) return 'must name at least one';
    if (new Set(types).size < types.length) return 'must not name a value twice';
    return types.every((type) => known.includes(type as string))
      ? null
      : `each value must be one of the following values: ${known.join(', ')}`;
  };
}

export const TYPE: Rule = (type, { strategies } = {}) => {
  const own = isRecord(strategies) ? Object.keys(strategies) : [];
  const types = typeof type === 'string' ? typesOf(type) : type;
  const fault = typesAmong([...Object.keys(TRANSPORTS), ...own])(types);
  const builtIn = () => (types as string[]).filter((word) => !own.includes(word));
  return fault ?? (typesWith('cookie', builtIn()).length > 1 ? SEVERAL_COOKIES : null);
};

export const STRATEGY_CLASSES: Rule = (strategies) =>
  isRecord(strategies) &&
  Object.entries(strategies).every(([word, strategy]) => isWord(word) && isStrategy(strategy))
    ? null
    : 'must be an object of classes that extend Auth, each under a word without blanks and commas';

/** A limit of sessions, in milliseconds. */
export const LIMIT: Rule = (value) =>
  value === Infinity || isDuration(value)
    ? null
    : 'must be a number of milliseconds, at least 1, or Infinity for no limit';

/** The rule of an idle limit: not longer than the absolute limit. The default, `preset`, may be longer. */
export function idleLimit(preset: number): Rule {
  return (value, { absolute } = {}) =>
    LIMIT(value) ??
    (value !== Infinity && value !== preset && Number(value) > Number(absolute)
      ? 'longer than absolute'
      : null);
}

/** The rule of the absolute limit of remembered sessions. */
export const REMEMBERED: Rule = (value) =>
  isDuration(value) && value <= LONGEST_COOKIE ? null : (LIMIT(value) ?? TOO_LONG_FOR_COOKIES);

export const CLEAR_SITE_DATA = listOf(oneOf(['cache', 'storage']));

export const TRUSTED_ORIGIN = text(isOrigin, `must be ${ORIGINS}`);

/** The realm is a quoted string in `WWW-Authenticate`. */
export const REALM = text(
  (realm) => /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(realm),
  'must have 1 to 100 printable ASCII characters, without quotes and backslashes',
);

/** How often the sessions of open sockets are looked up. */
export const RECHECK = milliseconds(60_000, 100);

function isWord(text: string): boolean {
  return /^[^\s,]+$/.test(text);
}

function isStrategy(value: unknown): boolean {
  return typeof value === 'function' && value.prototype instanceof Auth;
}
