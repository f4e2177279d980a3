import { isIP } from 'node:net';
import { typesWith } from '../../auth/auth-rules.js';
import { PASSKEY_ORIGIN } from '../../factors/factors-options.js';
import { USUAL_COST } from '../../users/users-options.js';
import type { EmailVerification } from '../../mail/mail-options.js';
import type { Environment } from './environment.js';
import { FOLDER } from './mail-url.js';

/** The environment with a value for every variable that has a derived default. */
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
      | 'PAGES'
      | 'METRICS_HOST'
      | 'SESSION_STORE_URL'
      | 'REGISTRATION'
      | 'PASSWORD_MIN_LENGTH'
      | 'PASSWORD_HASH_COST'
      | 'MAIL_URL'
      | 'EMAIL_VERIFICATION'
      | 'MFA'
      | 'MFA_METHODS'
      | 'PASSKEY_ORIGINS'
    >
  >;

/** The defaults that depend on the API contract. */
export type CompatDefaults = Pick<
  Settings,
  | 'AUTH_THROTTLE'
  | 'SESSION_DURATION'
  | 'SESSION_IDLE_TIMEOUT'
  | 'API_DOCS'
  | 'REGISTRATION'
  | 'PASSWORD_MIN_LENGTH'
>;

/** The strategies whose sessions must survive a restart. */
export const LASTING: readonly string[] = ['session_db_auth', 'token_auth'];

/** Fills in the defaults that depend on other variables. */
export function withDerivedDefaults(environment: Environment, defaults: CompatDefaults): Settings {
  const production = environment.NODE_ENV === 'production';
  const isDurable = environment.AUTH_TYPE.some((type) => LASTING.includes(type));
  const ofMails = mailDefaults(environment);
  return {
    ...environment,
    AUTH_THROTTLE: environment.AUTH_THROTTLE ?? defaults.AUTH_THROTTLE,
    SESSION_NAME: environment.SESSION_NAME ?? (production ? '__Host-sid' : 'sid'),
    SESSION_DURATION: environment.SESSION_DURATION ?? defaults.SESSION_DURATION,
    SESSION_IDLE_TIMEOUT: environment.SESSION_IDLE_TIMEOUT ?? defaults.SESSION_IDLE_TIMEOUT,
    SESSION_REMEMBER_IDLE_TIMEOUT: environment.SESSION_REMEMBER_IDLE_TIMEOUT ?? '14d',
    API_HOST: environment.API_HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    API_DOCS: environment.API_DOCS ?? defaults.API_DOCS,
    PAGES: environment.PAGES ?? (hasPages(environment) ? 'on' : 'off'),
    METRICS_HOST: environment.METRICS_HOST ?? '127.0.0.1',
    SESSION_STORE_URL: environment.SESSION_STORE_URL ?? (isDurable ? environment.DATABASE_URL : 'memory:'),
    REGISTRATION: environment.REGISTRATION ?? defaults.REGISTRATION,
    PASSWORD_MIN_LENGTH: environment.PASSWORD_MIN_LENGTH ?? defaults.PASSWORD_MIN_LENGTH,
    ...ofMails,
    ...factorDefaults(environment, ofMails.PUBLIC_URL),
    PASSWORD_HASH_COST: environment.PASSWORD_HASH_COST ?? USUAL_COST[environment.PASSWORD_HASH],
  };
}

/** The defaults of mails: in development they become files. */
function mailDefaults({
  NODE_ENV,
  AUTH_COMPAT,
  MAIL_URL: url,
  MAIL_FROM,
  PUBLIC_URL,
  API_PORT,
  EMAIL_VERIFICATION,
}: Environment): {
  MAIL_URL: string;
  EMAIL_VERIFICATION: EmailVerification;
} & Pick<Environment, 'MAIL_FROM' | 'PUBLIC_URL'> {
  const isForFiles = NODE_ENV === 'development' && AUTH_COMPAT === 'standard';
  const place = url ?? (isForFiles ? 'file:mail' : 'off');
  const isFolder = FOLDER.test(place);
  return {
    MAIL_URL: place,
    MAIL_FROM: MAIL_FROM ?? (isFolder ? 'coatcheck@localhost' : undefined),
    PUBLIC_URL: PUBLIC_URL ?? (isFolder ? `http://localhost:${API_PORT}` : undefined),
    EMAIL_VERIFICATION: EMAIL_VERIFICATION ?? (place === 'off' ? 'off' : 'optional'),
  };
}

/** Whether one of these strategies has sessions, without which there is no second step. */
export function hasSessions(types: readonly string[]): boolean {
  return typesWith('cookie', types).length + typesWith('bearer', types).length > 0;
}

/** Whether there are pages for people, unless a variable says otherwise: their browsers need cookies. */
function hasPages({ AUTH_COMPAT, AUTH_TYPE }: Environment): boolean {
  return AUTH_COMPAT === 'standard' && typesWith('cookie', AUTH_TYPE).length > 0;
}

/** The defaults of second factors. */
export function factorDefaults(
  { NODE_ENV, AUTH_COMPAT, AUTH_TYPE, API_PORT, MFA, MFA_METHODS, PASSKEY_ORIGINS }: Environment,
  publicUrl: string | undefined,
): Required<Pick<Environment, 'MFA' | 'MFA_METHODS' | 'PASSKEY_ORIGINS'>> {
  const usual = NODE_ENV === 'production' ? [] : [`http://localhost:${API_PORT}`];
  const ofPages = publicUrl !== undefined && URL.canParse(publicUrl) ? [new URL(publicUrl).origin] : usual;
  const origins = PASSKEY_ORIGINS ?? ofPages.filter(canHavePasskeys);
  return {
    MFA: MFA ?? (AUTH_COMPAT === 'standard' && hasSessions(AUTH_TYPE) ? 'optional' : 'off'),
    MFA_METHODS: MFA_METHODS ?? ['totp', ...(origins.length > 0 ? ['passkey' as const] : [])],
    PASSKEY_ORIGINS: origins,
  };
}

/** Passkeys belong to a name, not to an address. */
function canHavePasskeys(origin: string): boolean {
  return PASSKEY_ORIGIN(origin) === null && isIP(new URL(origin).hostname.replace(/[[\]]/g, '')) === 0;
}
