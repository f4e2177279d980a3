import { USUAL_COST } from '../../users/users-options.js';
import type { Environment } from './environment.js';

/** The environment with nothing left open. */
export type Settings = Environment &
  Required<
    Pick<
      Environment,
      | 'AUTH_THROTTLE'
      | 'SESSION_NAME'
      | 'SESSION_DURATION'
      | 'SESSION_IDLE_TIMEOUT'
      | 'SESSION_REMEMBER_IDLE_TIMEOUT'
      | 'API_HOST'
      | 'API_DOCS'
      | 'SESSION_STORE_URL'
      | 'REGISTRATION'
      | 'PASSWORD_MIN_LENGTH'
      | 'PASSWORD_HASH_COST'
    >
  >;

/** The strategies whose sessions must outlive the process. */
export const LASTING: readonly string[] = ['session_db_auth', 'token_auth'];

/** Fills in the defaults that depend on other variables. */
export function withDerivedDefaults(environment: Environment): Settings {
  const production = environment.NODE_ENV === 'production';
  const alx = environment.AUTH_COMPAT === 'alx';
  const isDurable = environment.AUTH_TYPE.some((type) => LASTING.includes(type));
  return {
    ...environment,
    AUTH_THROTTLE: environment.AUTH_THROTTLE ?? (alx ? 'off' : 'on'),
    SESSION_NAME: environment.SESSION_NAME ?? (production ? '__Host-sid' : 'sid'),
    SESSION_DURATION: environment.SESSION_DURATION ?? (alx ? '0' : '12h'),
    SESSION_IDLE_TIMEOUT: environment.SESSION_IDLE_TIMEOUT ?? (alx ? '0' : '30m'),
    SESSION_REMEMBER_IDLE_TIMEOUT: environment.SESSION_REMEMBER_IDLE_TIMEOUT ?? '14d',
    API_HOST: environment.API_HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    API_DOCS: environment.API_DOCS ?? (production || alx ? 'off' : 'on'),
    SESSION_STORE_URL: environment.SESSION_STORE_URL ?? (isDurable ? environment.DATABASE_URL : 'memory:'),
    REGISTRATION: environment.REGISTRATION ?? (alx ? 'signed_in' : 'first'),
    PASSWORD_MIN_LENGTH: environment.PASSWORD_MIN_LENGTH ?? (alx ? 1 : 15),
    PASSWORD_HASH_COST: environment.PASSWORD_HASH_COST ?? USUAL_COST[environment.PASSWORD_HASH],
  };
}
