import { BlockList, isIP } from 'node:net';
import { Transform } from 'class-transformer';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsIn,
  IsInt,
  IsOptional,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateBy,
  type ValidationArguments,
} from 'class-validator';
import { STRATEGIES } from '../../auth/auth.provider.js';
import { HOST_PATTERNS, isHostPattern } from '../http/host-check.js';
import { ORIGINS, isOrigin } from '../../auth/guards/cross-site-check.js';
import { faultOfDatabaseUrl, faultOfSessionStoreUrl } from '../../storage/store-url.js';
import { type PasswordAlgorithm, type Registration, USUAL_COST } from '../../users/users-options.js';
import { parseDuration } from '../../common/duration.js';

const LONGEST_WAIT = 86_400_000;

const IsDuration = () =>
  satisfies(
    'isDuration',
    (text) => parseDuration(text) > 0,
    'must be more than nothing, such as 90 (seconds), 30m or 12h',
  );
/** What a timer may be set to: past 24 days Node does not wait at all. */
const IsWait = () =>
  satisfies(
    'isWait',
    (text) => parseDuration(text) > 0 && parseDuration(text) <= LONGEST_WAIT,
    'must be more than nothing and at most 1d, such as 500ms, 90 (seconds) or 30m',
  );
/** In digits: neither hexadecimal nor blank. */
const Integer = () =>
  Transform(({ value }: { value: string }) => (/^-?\d{1,9}$/.test(value) ? Number(value) : NaN));
const IsPepper = (options = {}) =>
  Matches(/^[^,]{32,}$/, { message: 'must have at least 32 characters and no comma', ...options });
const List = () => Transform(({ value }: { value: string }) => value.split(',').map((item) => item.trim()));

/** Every variable, its rule and its default; one without a default here has it from others (`derived-defaults.ts`). */
export class Environment {
  @IsIn(['development', 'test', 'production'])
  readonly NODE_ENV: 'development' | 'test' | 'production' = 'development';

  @IsIn([...Object.keys(STRATEGIES), 'auth'], { each: true })
  @ArrayUnique()
  @ArrayNotEmpty()
  @List()
  readonly AUTH_TYPE: readonly string[] = ['session_db_auth'];

  @IsIn(['standard', 'alx'])
  readonly AUTH_COMPAT: 'standard' | 'alx' = 'standard';

  @IsOptional()
  @Matches(/^(?!__proto__$)[\w!#$%&'*+.^`|~-]{1,100}$/, { message: 'must be a cookie name (RFC 6265)' })
  readonly SESSION_NAME?: string;

  /** Read as a duration, and as Python's `int()` in the alx dialect. */
  readonly SESSION_DURATION?: string;

  @IsOptional()
  @IsDuration()
  readonly SESSION_IDLE_TIMEOUT?: string;

  @IsDuration()
  readonly SESSION_REMEMBER_DURATION: string = '30d';

  @IsOptional()
  @IsDuration()
  readonly SESSION_REMEMBER_IDLE_TIMEOUT?: string;

  @IsIn(['off', 'cache', 'storage', 'cache,storage'])
  readonly CLEAR_SITE_DATA: 'off' | 'cache' | 'storage' | 'cache,storage' = 'cache';

  @Integer()
  @Min(0)
  @IsInt()
  readonly SESSION_MAX_PER_USER: number = 0;

  @IsIn(['evict_oldest', 'refuse'])
  readonly SESSION_LIMIT_POLICY: 'evict_oldest' | 'refuse' = 'evict_oldest';

  @Integer()
  @Max(10_000)
  @Min(1)
  @IsInt()
  readonly ACCESS_TOKENS_MAX: number = 100;

  @IsWait()
  readonly SESSION_SWEEP_INTERVAL: string = '10m';

  @IsOptional()
  @Matches(/^[\w.:-]+$/, { message: 'must be a host name or an address' })
  readonly API_HOST?: string;

  @Integer()
  @Max(65_535)
  @Min(0)
  @IsInt()
  readonly API_PORT: number = 5000;

  @Matches(/^(\/|(\/(?!\.+(\/|$))[\w.-]+)+)$/, { message: 'must be / or a path such as /api/v1' })
  readonly API_PREFIX: string = '/api/v1';

  @IsOptional()
  @IsIn(['on', 'off'])
  readonly API_DOCS?: 'on' | 'off';

  @Integer()
  @Max(1_000_000)
  @Min(1)
  @IsInt()
  readonly MAX_CONNECTIONS: number = 10_000;

  @IsWait()
  readonly KEEP_ALIVE_TIMEOUT: string = '75s';

  @hasNoFault(faultOfDatabaseUrl)
  readonly DATABASE_URL: string = 'sqlite:coatcheck.db';

  @IsOptional()
  @hasNoFault(faultOfSessionStoreUrl)
  readonly SESSION_STORE_URL?: string;

  @IsWait()
  readonly STORE_TIMEOUT: string = '500ms';

  @IsDuration()
  readonly AUDIT_RETENTION: string = '90d';

  @IsOptional()
  @IsIn(['first', 'open', 'closed', 'signed_in'] satisfies Registration[])
  readonly REGISTRATION?: Registration;

  @IsOptional()
  @MinLength(16, { message: 'must have at least 16 characters' })
  readonly SETUP_CODE?: string;

  @satisfies(
    'isProxyTrust',
    isProxyTrust,
    'must be a number of proxies, or their addresses or networks by comma',
  )
  readonly TRUST_PROXY: string = '0';

  @satisfies('isOrigin', isOrigin, `must be ${ORIGINS}; several by comma`, {
    each: true,
  })
  @List()
  readonly TRUSTED_ORIGINS: readonly string[] = [];

  @satisfies('isHostPattern', isHostPattern, `must be ${HOST_PATTERNS}; several by comma`, { each: true })
  @List()
  readonly ALLOWED_HOSTS: readonly string[] = [];

  @IsOptional()
  @IsIn(['on', 'off'])
  readonly AUTH_THROTTLE?: 'on' | 'off';

  @Integer()
  @Min(1)
  @IsInt()
  readonly AUTH_FAILURES_PER_NETWORK: number = 50;

  @Integer()
  @Min(1)
  @IsInt()
  readonly AUTH_FAILURES_PER_SERVER: number = 1000;

  @IsIn(Object.keys(USUAL_COST))
  readonly PASSWORD_HASH: PasswordAlgorithm = 'bcrypt';

  @IsOptional()
  @Integer()
  @IsInt()
  readonly PASSWORD_HASH_COST?: number;

  @IsOptional()
  @Integer()
  @Max(128)
  @Min(8)
  @IsInt()
  readonly PASSWORD_MIN_LENGTH?: number;

  @List()
  readonly PASSWORD_CONTEXT_WORDS: readonly string[] = [];

  @IsOptional()
  @satisfies('isService', isService, 'must be an http or https URL without user, query and fragment')
  readonly PASSWORD_BREACH_URL?: string;

  @IsOptional()
  @IsPepper()
  readonly PASSWORD_PEPPER?: string;

  @IsOptional()
  @IsPepper({ each: true })
  @List()
  readonly PASSWORD_PEPPER_PREVIOUS?: readonly string[];

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  readonly LOG_LEVEL: string = 'info';

  @Integer()
  @Max(64)
  @Min(1)
  @IsInt()
  readonly WORKERS: number = 1;
}

export type Name = keyof Environment;

export const NAMES = Object.keys(new Environment()) as Name[];

/** What may not be shown, and can be given as a file by `NAME_FILE`. */
export const SECRETS = [
  'SETUP_CODE',
  'PASSWORD_PEPPER',
  'PASSWORD_PEPPER_PREVIOUS',
  'DATABASE_URL',
  'SESSION_STORE_URL',
] as const;

function satisfies(name: string, test: (text: string) => boolean, message: string, options = {}) {
  return ValidateBy(
    { name, validator: { validate: (value: unknown) => typeof value === 'string' && test(value) } },
    { message, ...options },
  );
}

/** The fault is what the variable is refused with. */
function hasNoFault(faultOf: (text: string) => string | null) {
  const validate = (value: unknown) => typeof value === 'string' && faultOf(value) === null;
  const defaultMessage = (given?: ValidationArguments) => faultOf(String(given?.value)) ?? '';
  return ValidateBy({ name: faultOf.name, validator: { validate, defaultMessage } });
}

function isProxyTrust(text: string): boolean {
  return /^\d$/.test(text) || text.split(',').every((item) => isNetwork(item.trim()));
}

/** An address or a network, but none so large that a few are all that there are. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  const [least, most] = family === 4 ? [8, 32] : [isOfIPv4(address, Number(bits)) ? 104 : 7, 128];
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) >= least && Number(bits) <= most;
}

/** Whether there are addresses of IPv4 in a network of IPv6. */
function isOfIPv4(address: string, bits: number): boolean {
  const network = new BlockList();
  network.addSubnet(address, Math.min(bits || 0, 96), 'ipv6');
  return network.check('::ffff:0:0', 'ipv6');
}

function isService(text: string): boolean {
  return /^https?:[^@?#]+$/.test(text) && URL.canParse(text);
}
