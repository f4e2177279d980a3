import { parseDuration } from '../../common/duration.js';
import type { CompatRules } from './compat-rules.js';

/** The rules of `AUTH_COMPAT=standard`. */
export const STANDARD_RULES: CompatRules = {
  mayBeEmpty: [],
  defaults: ({ NODE_ENV }) => ({
    AUTH_THROTTLE: 'on',
    SESSION_DURATION: '12h',
    SESSION_IDLE_TIMEOUT: '30m',
    API_DOCS: NODE_ENV === 'production' ? 'off' : 'on',
    REGISTRATION: 'first',
    PASSWORD_MIN_LENGTH: 15,
  }),
  contradictions: (given, { AUTH_TYPE, SESSION_DURATION }) => [
    ['AUTH_TYPE', AUTH_TYPE.includes('auth'), 'auth must be the only type, and needs AUTH_COMPAT=alx'],
    [
      'SESSION_DURATION',
      !(parseDuration(SESSION_DURATION) > 0),
      'must be a duration longer than 0, such as 90 (seconds), 30m or 12h',
    ],
    [
      'SESSION_IDLE_TIMEOUT',
      given.SESSION_IDLE_TIMEOUT !== undefined &&
        parseDuration(given.SESSION_IDLE_TIMEOUT) > parseDuration(SESSION_DURATION),
      'must not be longer than SESSION_DURATION',
    ],
  ],
  lifetime: ({ SESSION_IDLE_TIMEOUT, SESSION_DURATION }) => ({
    idle: parseDuration(SESSION_IDLE_TIMEOUT),
    absolute: parseDuration(SESSION_DURATION),
  }),
  auth: {},
  users: {},
};
