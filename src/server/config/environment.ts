import { Transform } from 'class-transformer';
import { IsOptional, Matches, ValidateBy, type ValidationArguments } from 'class-validator';
import { COOKIE_NAME, TRANSPORTS, TRUSTED_ORIGIN, typesAmong, typesOf } from '../../auth/auth-rules.js';
import {
  MFA_POLICIES,
  type MfaPolicy,
  PASSKEY_ORIGIN,
  RP_ID,
  SERVICE,
} from '../../factors/factors-options.js';
import { LONGEST_WAIT, isDuration, parseDuration } from '../../common/duration.js';
import { KEY, type Rule, integer, listOf, milliseconds, oneOf } from '../../common/options.js';
import {
  EMAIL_VERIFICATION,
  type EmailVerification,
  MAILS_PER_HOUR,
  MAIL_FROM,
  PAGE_URL,
} from '../../mail/mail-options.js';
import { LIMIT_POLICY, MAX_ACCESS_TOKENS } from '../../sessions/sessions-options.js';
import { DATABASE, SESSION_STORE } from '../../storage/storage-options.js';
import { SCHEMA, TABLE_PREFIX, USUAL_TABLES } from '../../storage/table-options.js';
import { FAILURES } from '../../throttle/throttle-options.js';
import {
  BREACH_URL,
  PASSWORD_HASH,
  PASSWORD_MIN_LENGTH,
  type PasswordAlgorithm,
  REGISTRATION,
  ROLES,
  type Registration,
  SETUP_CODE,
} from '../../users/users-options.js';
import { MAX_CONNECTIONS } from '../http/http-options.js';
import { ALLOWED_HOST, PREFIX, TRUST_PROXY } from '../http/http-rules.js';
import { MAIL_URL } from './mail-url.js';
import { ADAPTERS, type AdapterType } from '../http/new-adapter.js';

const IsDuration = () =>
  satisfies(
    'isDuration',
    (text) => isDuration(parseDuration(text)),
    'must be a duration longer than 0, such as 90 (seconds), 30m or 12h',
  );
const IsWait = () =>
  satisfies(
    'isWait',
    (text) => milliseconds(LONGEST_WAIT)(parseDuration(text)) === null,
    'must be a duration longer than 0 and at most 1d, such as 500ms, 90 (seconds) or 30m',
  );
/** Accepts decimal digits only. */
const Integer = () =>
  Transform(({ value }: { value: string }) => (/^-?\d{1,9}$/.test(value) ? Number(value) : NaN));
const List = () => Transform(({ value }: { value: string }) => typesOf(value));

/** Every variable with its rule and its default. Other defaults depend on other variables (`derived-defaults.ts`). */
export class Environment {
  @Obeys(oneOf(['development', 'test', 'production']))
  readonly NODE_ENV: 'development' | 'test' | 'production' = 'development';

  @Obeys(typesAmong([...Object.keys(TRANSPORTS), 'auth']))
  @List()
  readonly AUTH_TYPE: readonly string[] = ['session_db_auth'];

  @Obeys(oneOf(['standard', 'alx']))
  readonly AUTH_COMPAT: 'standard' | 'alx' = 'standard';

  @IsOptional()
  @Obeys(COOKIE_NAME)
  readonly SESSION_NAME?: string;

  /** Its format depends on `AUTH_COMPAT`; see `CompatRules`. */
  readonly SESSION_DURATION?: string;

  @IsOptional()
  @IsDuration()
  readonly SESSION_IDLE_TIMEOUT?: string;

  @IsDuration()
  readonly SESSION_REMEMBER_DURATION: string = '30d';

  @IsOptional()
  @IsDuration()
  readonly SESSION_REMEMBER_IDLE_TIMEOUT?: string;

  @Obeys(oneOf(['off', 'cache', 'storage', 'cache,storage']))
  readonly CLEAR_SITE_DATA: 'off' | 'cache' | 'storage' | 'cache,storage' = 'cache';

  @Obeys(integer(0))
  @Integer()
  readonly SESSION_MAX_PER_USER: number = 0;

  @Obeys(LIMIT_POLICY)
  readonly SESSION_LIMIT_POLICY: 'evict_oldest' | 'refuse' = 'evict_oldest';

  @Obeys(MAX_ACCESS_TOKENS)
  @Integer()
  readonly ACCESS_TOKENS_MAX: number = 100;

  @IsWait()
  readonly SESSION_SWEEP_INTERVAL: string = '10m';

  @IsOptional()
  @Matches(/^[\w.:-]+$/, { message: 'must be a host name or an address' })
  readonly API_HOST?: string;

  @Obeys(integer(0, 65_535))
  @Integer()
  readonly API_PORT: number = 5000;

  @Obeys(oneOf(ADAPTERS))
  readonly HTTP_ADAPTER: AdapterType = 'express';

  @Obeys(PREFIX)
  readonly API_PREFIX: string = '/api/v1';

  @IsOptional()
  @Obeys(oneOf(['on', 'off']))
  readonly API_DOCS?: 'on' | 'off';

  @IsOptional()
  @Obeys(oneOf(['on', 'off']))
  readonly PAGES?: 'on' | 'off';

  @Obeys(MAX_CONNECTIONS)
  @Integer()
  readonly MAX_CONNECTIONS: number = 10_000;

  @IsWait()
  readonly KEEP_ALIVE_TIMEOUT: string = '75s';

  @Obeys(DATABASE)
  readonly DATABASE_URL: string = 'sqlite:coatcheck.db';

  @IsOptional()
  @Obeys(SESSION_STORE)
  readonly SESSION_STORE_URL?: string;

  @Obeys(TABLE_PREFIX)
  readonly TABLE_PREFIX: string = USUAL_TABLES.tablePrefix;

  @IsOptional()
  @Obeys(SCHEMA)
  readonly DATABASE_SCHEMA?: string;

  @IsWait()
  readonly STORE_TIMEOUT: string = '500ms';

  @IsDuration()
  readonly AUDIT_RETENTION: string = '90d';

  @IsOptional()
  @Obeys(REGISTRATION)
  readonly REGISTRATION?: Registration;

  @IsOptional()
  @Obeys(SETUP_CODE)
  readonly SETUP_CODE?: string;

  @Obeys(ROLES)
  @List()
  readonly USER_ROLES: readonly string[] = ['user', 'admin'];

  @Obeys((value) => TRUST_PROXY(trustProxyOf(String(value))), ', separated by commas')
  readonly TRUST_PROXY: string = '0';

  @Obeys(listOf(TRUSTED_ORIGIN), '; separate several by commas')
  @List()
  readonly TRUSTED_ORIGINS: readonly string[] = [];

  @Obeys(listOf(ALLOWED_HOST), '; separate several by commas')
  @List()
  readonly ALLOWED_HOSTS: readonly string[] = [];

  @IsOptional()
  @Obeys(oneOf(['on', 'off']))
  readonly AUTH_THROTTLE?: 'on' | 'off';

  @Obeys(FAILURES)
  @Integer()
  readonly AUTH_FAILURES_PER_NETWORK: number = 50;

  @Obeys(FAILURES)
  @Integer()
  readonly AUTH_FAILURES_PER_SERVER: number = 1000;

  @Obeys(PASSWORD_HASH)
  readonly PASSWORD_HASH: PasswordAlgorithm = 'bcrypt';

  @IsOptional()
  @Obeys(integer(-Infinity))
  @Integer()
  readonly PASSWORD_HASH_COST?: number;

  @IsOptional()
  @Obeys(PASSWORD_MIN_LENGTH)
  @Integer()
  readonly PASSWORD_MIN_LENGTH?: number;

  @List()
  readonly PASSWORD_CONTEXT_WORDS: readonly string[] = [];

  @IsOptional()
  @Obeys(BREACH_URL)
  readonly PASSWORD_BREACH_URL?: string;

  @IsOptional()
  @Obeys(KEY)
  readonly PASSWORD_PEPPER?: string;

  @IsOptional()
  @Obeys(listOf(KEY))
  @List()
  readonly PASSWORD_PEPPER_PREVIOUS?: readonly string[];

  @IsOptional()
  @Obeys(oneOf(['off', ...MFA_POLICIES]))
  readonly MFA?: 'off' | MfaPolicy;

  @IsOptional()
  @Obeys(listOf(oneOf(['totp', 'passkey'])), '; separate several by commas')
  @List()
  readonly MFA_METHODS?: readonly ('totp' | 'passkey')[];

  @Obeys(oneOf(['on', 'off']))
  readonly MFA_BASIC: 'on' | 'off' = 'off';

  @IsOptional()
  @Obeys(KEY)
  readonly FACTOR_KEY?: string;

  @IsOptional()
  @Obeys(listOf(KEY))
  @List()
  readonly FACTOR_KEY_PREVIOUS?: readonly string[];

  @IsOptional()
  @Obeys(RP_ID)
  readonly PASSKEY_RP_ID?: string;

  @IsOptional()
  @Obeys(listOf(PASSKEY_ORIGIN), '; separate several by commas')
  @List()
  readonly PASSKEY_ORIGINS?: readonly string[];

  /** The name that authenticator apps, browsers and mails show. */
  @IsOptional()
  @Obeys(SERVICE)
  readonly SERVICE_NAME?: string;

  /** A mail server, a folder (`file:mail`), or `off`. */
  @IsOptional()
  @Obeys(MAIL_URL)
  readonly MAIL_URL?: string;

  @IsOptional()
  @Obeys(MAIL_FROM)
  readonly MAIL_FROM?: string;

  @IsOptional()
  @Obeys(PAGE_URL)
  readonly PUBLIC_URL?: string;

  @IsOptional()
  @Obeys(PAGE_URL)
  readonly PUBLIC_RESET_URL?: string;

  @IsOptional()
  @Obeys(PAGE_URL)
  readonly PUBLIC_VERIFY_URL?: string;

  @IsOptional()
  @Obeys(PAGE_URL)
  readonly PUBLIC_CONFIRM_URL?: string;

  @IsOptional()
  @Obeys(PAGE_URL)
  readonly PUBLIC_CANCEL_URL?: string;

  @IsOptional()
  @Obeys(EMAIL_VERIFICATION)
  readonly EMAIL_VERIFICATION?: EmailVerification;

  @Obeys(oneOf(['on', 'off']))
  readonly SIGN_IN_NOTICES: 'on' | 'off' = 'on';

  @Obeys(MAILS_PER_HOUR)
  @Integer()
  readonly MAILS_PER_ADDRESS: number = 5;

  @Obeys(MAILS_PER_HOUR)
  @Integer()
  readonly MAILS_PER_ACCOUNT: number = 20;

  @Obeys(MAILS_PER_HOUR)
  @Integer()
  readonly MAILS_PER_NETWORK: number = 30;

  @Obeys(oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']))
  readonly LOG_LEVEL: string = 'info';

  /** None for no metrics. */
  @IsOptional()
  @Obeys(integer(0, 65_535))
  @Integer()
  readonly METRICS_PORT?: number;

  @IsOptional()
  @Matches(/^[\w.:-]+$/, { message: 'must be a host name or an address' })
  readonly METRICS_HOST?: string;

  @Obeys(integer(1, 64))
  @Integer()
  readonly WORKERS: number = 1;
}

export type Name = keyof Environment;

export const NAMES = Object.keys(new Environment()) as Name[];

/** Variables whose values must not be shown. Each can also be set through a file, named by `<NAME>_FILE`. */
export const SECRETS = [
  'SETUP_CODE',
  'PASSWORD_PEPPER',
  'PASSWORD_PEPPER_PREVIOUS',
  'FACTOR_KEY',
  'FACTOR_KEY_PREVIOUS',
  'DATABASE_URL',
  'SESSION_STORE_URL',
  'MAIL_URL',
] as const;

/** Validates with the rule of an option. `also` is appended to the message. */
function Obeys(rule: Rule, also = '') {
  const defaultMessage = (given?: ValidationArguments) => `${rule(given?.value) ?? ''}${also}`;
  const validate = (value: unknown) => rule(value) === null;
  return ValidateBy({ name: 'obeys', validator: { validate, defaultMessage } });
}

/** A number of proxies if the text is one digit; otherwise a list of addresses and networks. */
export function trustProxyOf(text: string): number | readonly string[] {
  return /^\d$/.test(text) ? Number(text) : text.split(',').map((network) => network.trim());
}

function satisfies(name: string, test: (text: string) => boolean, message: string) {
  return ValidateBy(
    { name, validator: { validate: (value: unknown) => typeof value === 'string' && test(value) } },
    { message },
  );
}
