import { distance } from 'fastest-levenshtein';
import { NAMES, type Name, SECRETS } from './environment.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** Every unknown name with one of these prefixes is an error. */
const OURS = /^(AUTH_|SESSION_|MFA_|FACTOR_KEY|TRUSTED_PROX)/;

/** Names with these prefixes are compared with the highest tolerance. */
const SAFEGUARDS = /^(PASSWORD|SETUP|TRUST|TRUSTED)_/;

/** Prefixes of variables that protect accounts or data: a misspelt one stops the start. */
const PROTECTING = /^(AUTH|SESSION|MFA|FACTOR|PASSWORD|SETUP|TRUST|TRUSTED|DATABASE|REGISTRATION|CLEAR)(_|$)/;

/** Largest number of wrong letters in a name that counts as misspelt. */
const MOST_SLIPS = 3;

const KNOWN: readonly string[] = [...NAMES, ...SECRETS.map((name) => `${name}_FILE`)];

/** Known names, and two that desktops and Windows set. */
const IGNORED: ReadonlySet<string> = new Set([...KNOWN, 'PAGER', 'SESSION_MANAGER', 'SESSIONNAME']);

/** Variables of other software, advice, and known variables: if one of these is set, there is no warning. */
const TABLE: readonly (readonly [names: string, advice: string, ours: readonly Name[]])[] = [
  ['PORT SERVER_PORT HTTP_PORT', 'not read; set API_PORT', ['API_PORT']],
  ['BASE_PATH ROUTE_PREFIX GLOBAL_PREFIX', 'not read; set API_PREFIX', ['API_PREFIX']],
  ['APP_ENV NODE_ENVIRONMENT', 'not read; set NODE_ENV', ['NODE_ENV']],
  [
    `SESSION_SECRET SESSION_SECRET_KEY SESSION_KEY SESSION_KEYS COOKIE_SECRET COOKIE_KEY SECRET SECRET_KEY
    SECRET_KEY_BASE APP_SECRET APP_KEY TOKEN_SECRET AUTH_SECRET AUTH_JWT_SECRET NEXTAUTH_SECRET BETTER_AUTH_SECRET`,
    'not read; no secret is needed, as session tokens are random',
    [],
  ],
  [
    `JWT_SECRET JWT_SECRET_KEY JWT_KEY JWT_PRIVATE_KEY JWT_PUBLIC_KEY JWT_REFRESH_SECRET JWT_ACCESS_SECRET
    JWT_ALGORITHM JWT_ISSUER JWT_AUDIENCE`,
    'not read; none is needed, as session tokens are random and no JWT is issued',
    [],
  ],
  [
    'JWT_EXPIRES_IN JWT_EXPIRATION JWT_EXPIRY JWT_TTL TOKEN_TTL COOKIE_MAX_AGE',
    'not read; set SESSION_DURATION',
    ['SESSION_DURATION'],
  ],
  [
    'SESSION_TTL SESSION_MAX_AGE SESSION_MAXAGE SESSION_LIFETIME SESSION_EXPIRES SESSION_EXPIRES_IN SESSION_EXPIRY',
    'unknown; set SESSION_DURATION or SESSION_IDLE_TIMEOUT',
    [],
  ],
  ['SESSION_TIMEOUT', 'unknown; set SESSION_IDLE_TIMEOUT', []],
  [
    'AUTH_URL NEXTAUTH_URL BETTER_AUTH_URL BASE_URL APP_URL',
    'not read; none is needed, as links are relative',
    [],
  ],
  ['COOKIE_NAME SESSION_COOKIE SESSION_COOKIE_NAME', 'not read; set SESSION_NAME', ['SESSION_NAME']],
  [
    'COOKIE_SECURE SESSION_SECURE SESSION_COOKIE_SECURE',
    'not read; the cookie is Secure where NODE_ENV is production',
    ['NODE_ENV'],
  ],
  ['MFA_POLICY MFA_MODE MFA_REQUIRED MFA_ENABLED MFA_ENFORCED', 'unknown; set MFA', []],
  ['REQUIRE_MFA ENABLE_MFA TWO_FACTOR TWO_FACTOR_REQUIRED TFA', 'not read; set MFA', ['MFA']],
  ['TRUSTED_PROXY TRUSTED_PROXIES', 'unknown; set TRUST_PROXY', []],
  ['SESSION_STORE SESSION_DRIVER', 'unknown; set SESSION_STORE_URL', []],
  [
    'REDIS_URL REDIS_URI REDIS_TLS_URL REDIS_HOST REDIS_PORT REDIS_PASSWORD',
    'not read; to keep sessions in Redis, set SESSION_STORE_URL',
    ['SESSION_STORE_URL'],
  ],
  [
    `DB_URL DB_URI DB_HOST DB_PORT DB_NAME DB_DATABASE DB_USER DB_USERNAME DB_PASSWORD DB_PASS DB_PATH DB_FILE
    DATABASE_HOST DATABASE_PORT DATABASE_NAME DATABASE_USER DATABASE_USERNAME DATABASE_PASSWORD DATABASE_SSL
    DATABASE_PATH DATABASE_FILE SQLITE_PATH POSTGRES_URL POSTGRES_HOST POSTGRESQL_URL PGHOST PGPORT PGDATABASE
    PGUSER PGPASSWORD MYSQL_URL MYSQL_HOST MONGO_URL MONGO_URI MONGODB_URI`,
    'not read; set DATABASE_URL',
    ['DATABASE_URL'],
  ],
  [
    `CORS_ORIGIN CORS_ORIGINS CORS_ALLOWED_ORIGINS CORS_ALLOW_ORIGIN ALLOWED_ORIGIN ALLOWED_ORIGINS FRONTEND_URL
    CLIENT_URL`,
    'not read; set TRUSTED_ORIGINS',
    ['TRUSTED_ORIGINS'],
  ],
  [
    'SALT_ROUNDS BCRYPT_ROUNDS BCRYPT_SALT_ROUNDS BCRYPT_COST HASH_ROUNDS',
    'not read; set PASSWORD_HASH_COST',
    ['PASSWORD_HASH_COST'],
  ],
  ['PASSWORD_SALT HASH_SALT', 'not read; none is needed, as each hash has a random salt', []],
  [
    'RATE_LIMIT RATE_LIMIT_MAX RATE_LIMIT_WINDOW THROTTLE_TTL THROTTLE_LIMIT',
    'not read; set AUTH_FAILURES_PER_NETWORK and AUTH_FAILURES_PER_SERVER',
    ['AUTH_FAILURES_PER_NETWORK', 'AUTH_FAILURES_PER_SERVER', 'AUTH_THROTTLE'],
  ],
  [
    'ADMIN_EMAIL ADMIN_PASSWORD',
    'not read; the first user who registers becomes the administrator (REGISTRATION)',
    ['REGISTRATION'],
  ],
  ['SMTP_HOST SMTP_URL SMTP_PORT SMTP_USER SMTP_PASSWORD MAIL_HOST', 'not read; set MAIL_URL', ['MAIL_URL']],
];

const FOREIGN = new Map(
  TABLE.flatMap(([names, advice, ours]) =>
    names.split(/\s+/).map((name) => [name, { advice, ours }] as const),
  ),
);

/** Sentences about variables that are not read, because they are misspelt or belong to other software. */
export function unknownNames(variables: Variables): { errors: string[]; warnings: string[] } {
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const name of Object.keys(variables)) {
    if (variables[name] === undefined || IGNORED.has(name) || isOfService(name, variables)) continue;
    const foreign = FOREIGN.get(name);
    const { meant, slips } = closestTo(name);
    const isMisspelt = slips <= (SAFEGUARDS.test(name) ? MOST_SLIPS : mostSlips(meant));
    if (OURS.test(name) || (!foreign && isMisspelt && PROTECTING.test(meant))) {
      errors.push(`${name}: ${foreign?.advice ?? `unknown; did you mean ${meant}?`}`);
    } else if (foreign) {
      const isSet = foreign.ours.some((known) => variables[known] || variables[`${known}_FILE`]);
      if (!isSet) warnings.push(`${name}: ${foreign.advice}`);
    } else if (isMisspelt) warnings.push(`${name}: unknown; did you mean ${meant}?`);
  }
  return { errors, warnings };
}

/** Whether Kubernetes set the variable for a service, which may have a name such as `auth`. */
function isOfService(name: string, variables: Variables): boolean {
  const [, service] = /^(.+?)_(?:SERVICE_HOST|SERVICE_PORT|PORT)(?:_|$)/.exec(name) ?? [];
  return service !== undefined && variables[`${service}_SERVICE_HOST`] !== undefined;
}

function closestTo(name: string): { meant: string; slips: number } {
  const [first, ...rest] = KNOWN.map((meant) => ({
    meant,
    slips: slipsBetween(lettersOf(name), lettersOf(meant)),
  }));
  return rest.reduce((best, one) => (one.slips < best.slips ? one : best), first!);
}

/** The name in upper case, without separators and the prefix `COATCHECK_`. */
function lettersOf(name: string): string {
  return name
    .toUpperCase()
    .replace(/^COATCHECK_/, '')
    .replace(/[-_. ]/g, '');
}

/** The edit distance; two exchanged letters count as one. */
function slipsBetween(one: string, other: string): number {
  const slips = distance(one, other);
  return slips === 2 && sorted(one) === sorted(other) ? 1 : slips;
}

function sorted(text: string): string {
  return [...text].toSorted().join('');
}

/** The tolerance for a known name: 1 for `WORKERS`, 2 for `DATABASE_URL`. */
function mostSlips(name: string): number {
  return Math.min(MOST_SLIPS, Math.floor((lettersOf(name).length + 1) / 5));
}
