import {
  LONGEST_COOKIE,
  SEVERAL_COOKIES,
  TOO_LONG_FOR_COOKIES,
  isForSecureCookies,
  typesWith,
} from '../../auth/auth-rules.js';
import { parseDuration } from '../../common/duration.js';
import { faultOfCost } from '../../users/users-options.js';
import { LASTING, type Settings } from './derived-defaults.js';
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

/** What each variable allows and together they do not. */
export function contradictions(given: Environment, settings: Settings): string[] {
  const { NODE_ENV, AUTH_TYPE, AUTH_COMPAT, SESSION_NAME } = settings;
  const production = NODE_ENV === 'production';
  const alx = AUTH_COMPAT === 'alx';
  const costFault = faultOfCost(settings.PASSWORD_HASH_COST, settings.PASSWORD_HASH, production);
  const lasting = AUTH_TYPE.filter((type) => LASTING.includes(type));
  const rules: [name: string, isBroken: boolean, cure: string][] = [
    [
      'AUTH_TYPE',
      AUTH_TYPE.includes('auth') && !(alx && AUTH_TYPE.length === 1),
      'auth must be the only type, and needs AUTH_COMPAT=alx',
    ],
    ['AUTH_TYPE', typesWith('cookie', AUTH_TYPE).length > 1, SEVERAL_COOKIES],
    [
      'AUTH_TYPE',
      alx && typesWith('bearer', AUTH_TYPE).length > 0,
      'AUTH_COMPAT=alx has no bearer tokens; remove token_auth',
    ],
    [
      'SESSION_NAME',
      isForSecureCookies(SESSION_NAME) && !production,
      'this prefix needs NODE_ENV=production, where the cookie is Secure; remove the prefix in development',
    ],
    [
      'SESSION_DURATION',
      !alx && !(parseDuration(settings.SESSION_DURATION) > 0),
      'must be longer than 0, such as 90 (seconds), 30m or 12h',
    ],
    [
      'SESSION_IDLE_TIMEOUT',
      alx && given.SESSION_IDLE_TIMEOUT !== undefined,
      'AUTH_COMPAT=alx has no idle limit; unset it',
    ],
    [
      'SESSION_IDLE_TIMEOUT',
      !alx &&
        given.SESSION_IDLE_TIMEOUT !== undefined &&
        parseDuration(given.SESSION_IDLE_TIMEOUT) > parseDuration(settings.SESSION_DURATION),
      'must not be longer than SESSION_DURATION',
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
      'API_DOCS',
      alx && settings.API_DOCS === 'on',
      'AUTH_COMPAT=alx has no API documentation; set it to off',
    ],
    ['REGISTRATION', alx && settings.REGISTRATION !== 'signed_in', 'AUTH_COMPAT=alx supports signed_in only'],
    [
      'WORKERS',
      settings.WORKERS > 1 && storesOf(settings).includes('memory:'),
      'more than one worker needs shared stores, and memory: is not shared; choose another DATABASE_URL and SESSION_STORE_URL',
    ],
    ['DATABASE_URL', production && hasDefaultPassword(settings.DATABASE_URL), WELL_KNOWN],
    [
      'SESSION_STORE_URL',
      production && given.SESSION_STORE_URL !== undefined && hasDefaultPassword(given.SESSION_STORE_URL),
      WELL_KNOWN,
    ],
    ['PASSWORD_HASH_COST', costFault !== null, costFault ?? ''],
    [
      'PASSWORD_BREACH_URL',
      alx && settings.PASSWORD_BREACH_URL !== undefined,
      'AUTH_COMPAT=alx accepts any password; unset it',
    ],
  ];
  return rules.filter(([, isBroken]) => isBroken).map(([name, , cure]) => `${name}: ${cure}`);
}

/** Whether a store is asked with a password that everyone tries first. */
function hasDefaultPassword(url: string): boolean {
  const [, user = '', password] = /^[\w-]+:\/\/([^:]*):(.*)@/.exec(url) ?? [];
  const others = [...url.matchAll(/[?&](?:sentinel_)?password=([^&]*)/g)].map(([, other]) => other!);
  return [...(password === undefined ? [] : [password]), ...others].some((text) =>
    [user, ...DEFAULT_PASSWORDS].includes(text.toLowerCase()),
  );
}

/** The storage that is used. */
function storesOf({ AUTH_TYPE, DATABASE_URL, SESSION_STORE_URL }: Settings): string[] {
  const keepsSessions = [...typesWith('cookie', AUTH_TYPE), ...typesWith('bearer', AUTH_TYPE)].length > 0;
  return keepsSessions ? [DATABASE_URL, SESSION_STORE_URL] : [DATABASE_URL];
}
