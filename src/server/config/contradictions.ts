import {
  LONGEST_COOKIE,
  SEVERAL_COOKIES,
  TOO_LONG_FOR_COOKIES,
  isForSecureCookies,
  typesWith,
} from '../../auth/auth-rules.js';
import { parseDuration } from '../../common/duration.js';
import { faultOfCost } from '../../users/users-options.js';
import type { CompatRules, Rule } from './compat-rules.js';
import { LASTING, type Settings } from './derived-defaults.js';
import { factorContradictions } from './factor-settings.js';
import { mailContradictions } from './mail-settings.js';
import { PAGE_FOLDERS } from '../pages/page-folders.js';
import type { Environment } from './environment.js';

const WELL_KNOWN = 'its password is a well-known default; choose another one';
const DEFAULT_PASSWORDS = [
  '',
  'postgres',
  'redis',
  'password',
  'changeme',
  'secret',
  'admin',
  'root',
  'foobared',
];

/** Problems with combinations of variables that are valid one by one. */
export function contradictions(given: Environment, settings: Settings, compat: CompatRules): string[] {
  const { NODE_ENV, AUTH_TYPE, SESSION_NAME } = settings;
  const production = NODE_ENV === 'production';
  const costFault = faultOfCost(settings.PASSWORD_HASH_COST, settings.PASSWORD_HASH, production);
  const lasting = AUTH_TYPE.filter((type) => LASTING.includes(type));
  const rules: readonly Rule[] = [
    ...compat.contradictions(given, settings),
    ['AUTH_TYPE', typesWith('cookie', AUTH_TYPE).length > 1, SEVERAL_COOKIES],
    [
      'SESSION_NAME',
      isForSecureCookies(SESSION_NAME) && !production,
      'this prefix needs NODE_ENV=production, where the cookie is Secure; remove the prefix in development',
    ],
    [
      'SESSION_REMEMBER_DURATION',
      parseDuration(settings.SESSION_REMEMBER_DURATION) > LONGEST_COOKIE,
      TOO_LONG_FOR_COOKIES,
    ],
    [
      'SESSION_REMEMBER_IDLE_TIMEOUT',
      given.SESSION_REMEMBER_IDLE_TIMEOUT !== undefined &&
        parseDuration(given.SESSION_REMEMBER_IDLE_TIMEOUT) >
          parseDuration(settings.SESSION_REMEMBER_DURATION),
      'must not be longer than SESSION_REMEMBER_DURATION',
    ],
    [
      'SESSION_STORE_URL',
      lasting.length > 0 && settings.SESSION_STORE_URL === 'memory:',
      `${lasting[0]} needs a durable session store; set SESSION_STORE_URL or DATABASE_URL to sqlite:<file>, or choose another AUTH_TYPE`,
    ],
    [
      'SESSION_LIMIT_POLICY',
      settings.SESSION_LIMIT_POLICY === 'refuse' && settings.SESSION_MAX_PER_USER === 0,
      'refuse needs a limit; set SESSION_MAX_PER_USER to 1 or more',
    ],
    [
      'WORKERS',
      settings.WORKERS > 1 && storesOf(settings).includes('memory:'),
      'more than one worker needs shared stores, and memory: is not shared; choose another DATABASE_URL and SESSION_STORE_URL',
    ],
    [
      'DATABASE_SCHEMA',
      settings.DATABASE_SCHEMA !== undefined &&
        ![settings.DATABASE_URL, settings.SESSION_STORE_URL].some((url) => /^postgres(ql)?:/.test(url)),
      'only PostgreSQL has schemas; unset it, or set DATABASE_URL to postgres://…',
    ],
    [
      'METRICS_PORT',
      settings.METRICS_PORT === settings.API_PORT && settings.METRICS_PORT !== 0,
      'must differ from API_PORT, because metrics are served without authentication',
    ],
    [
      'METRICS_HOST',
      given.METRICS_HOST !== undefined && settings.METRICS_PORT === undefined,
      'has no effect without METRICS_PORT; set METRICS_PORT, or remove this',
    ],
    ['DATABASE_URL', production && hasDefaultPassword(settings.DATABASE_URL), WELL_KNOWN],
    [
      'SESSION_STORE_URL',
      production && given.SESSION_STORE_URL !== undefined && hasDefaultPassword(given.SESSION_STORE_URL),
      WELL_KNOWN,
    ],
    [
      'PAGES',
      settings.PAGES === 'on' && typesWith('cookie', AUTH_TYPE).length === 0,
      'the pages need a strategy with cookies; add session_db_auth to AUTH_TYPE, or set it to off',
    ],
    [
      'API_PREFIX',
      settings.PAGES === 'on' && PAGE_FOLDERS.some((folder) => isBelow(settings.API_PREFIX, folder)),
      'the pages are at /account and /admin; choose another prefix, or set PAGES to off',
    ],
    ...mailContradictions(given, settings),
    ...factorContradictions(given, settings),
    ['PASSWORD_HASH_COST', costFault !== null, costFault ?? ''],
  ];
  return rules.filter(([, isBroken]) => isBroken).map(([name, , cure]) => `${name}: ${cure}`);
}

/** Whether a path prefix is a folder at the root, or below it. */
function isBelow(prefix: string, folder: string): boolean {
  return `${prefix}/`.startsWith(`/${folder}/`);
}

/** Whether the password in a storage URL is the user name or a common default. */
function hasDefaultPassword(url: string): boolean {
  const [, user = '', password] = /^[\w-]+:\/\/([^:]*):(.*)@/.exec(url) ?? [];
  const others = [...url.matchAll(/[?&](?:sentinel_)?password=([^&]*)/g)].map(([, other]) => other!);
  return [...(password === undefined ? [] : [password]), ...others].some((text) =>
    [user, ...DEFAULT_PASSWORDS].includes(text.toLowerCase()),
  );
}

/** The storage URLs that the configured strategies use. */
function storesOf({ AUTH_TYPE, DATABASE_URL, SESSION_STORE_URL }: Settings): string[] {
  const keepsSessions = [...typesWith('cookie', AUTH_TYPE), ...typesWith('bearer', AUTH_TYPE)].length > 0;
  return keepsSessions ? [DATABASE_URL, SESSION_STORE_URL] : [DATABASE_URL];
}
