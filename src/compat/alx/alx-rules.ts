import type { CompatRules } from '../../server/config/compat-rules.js';
import { ALX_AUTH, ALX_USERS } from './alx-options.js';

/** How the variables are read for `AUTH_COMPAT=alx`. */
export const ALX_RULES: CompatRules = {
  mayBeEmpty: ['SESSION_DURATION'],
  defaults: () => ({
    AUTH_THROTTLE: 'off',
    SESSION_DURATION: '0',
    SESSION_IDLE_TIMEOUT: '0',
    API_DOCS: 'off',
    REGISTRATION: 'signed_in',
    PASSWORD_MIN_LENGTH: 1,
  }),
  contradictions: (given, { AUTH_TYPE, MAIL_URL, API_DOCS, PAGES, REGISTRATION, PASSWORD_BREACH_URL }) => [
    [
      'AUTH_TYPE',
      AUTH_TYPE.includes('auth') && AUTH_TYPE.length > 1,
      'auth must be the only type, and needs AUTH_COMPAT=alx',
    ],
    [
      'AUTH_TYPE',
      AUTH_TYPE.includes('token_auth'),
      'AUTH_COMPAT=alx has no bearer tokens; remove token_auth',
    ],
    [
      'SESSION_IDLE_TIMEOUT',
      given.SESSION_IDLE_TIMEOUT !== undefined,
      'AUTH_COMPAT=alx has no idle limit; unset it',
    ],
    ['API_DOCS', API_DOCS === 'on', 'AUTH_COMPAT=alx has no API documentation; set it to off'],
    ['PAGES', PAGES === 'on', 'AUTH_COMPAT=alx has no pages; set it to off'],
    ['MAIL_URL', MAIL_URL !== 'off', 'AUTH_COMPAT=alx sends no mails; unset it'],
    ['REGISTRATION', REGISTRATION !== 'signed_in', 'AUTH_COMPAT=alx supports signed_in only'],
    [
      'PASSWORD_BREACH_URL',
      PASSWORD_BREACH_URL !== undefined,
      'AUTH_COMPAT=alx accepts any password; unset it',
    ],
  ],
  lifetime: ({ SESSION_DURATION }) => {
    const seconds = parsePythonInt(SESSION_DURATION) ?? 0;
    return { idle: Infinity, absolute: seconds > 0 ? seconds * 1000 : Infinity };
  },
  auth: ALX_AUTH,
  users: ALX_USERS,
};

/** The integer that Python's `int()` reads in a text, or null where it raises `ValueError`. */
function parsePythonInt(text: string): number | null {
  return /^\s*[+-]?\d+(_\d+)*\s*$/.test(text) ? Number(text.replaceAll('_', '')) : null;
}
