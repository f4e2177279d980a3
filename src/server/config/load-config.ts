import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { AuditOptions } from '../../audit/audit-options.js';
import { AuthOptions } from '../../auth/auth-options.js';
import { isHostPattern, isLoopback } from '../http/host-check.js';
import { HttpOptions } from '../http/http-options.js';
import { SessionsOptions } from '../../sessions/sessions-options.js';
import { StorageOptions } from '../../storage/storage-options.js';
import { withoutSecrets } from '../../storage/store-url.js';
import { ThrottleOptions } from '../../throttle/throttle-options.js';
import { UsersOptions } from '../../users/users-options.js';
import type { CompatRules } from './compat-rules.js';
import { type Config, ConfigError } from './config.js';
import { contradictions } from './contradictions.js';
import { type Settings, withDerivedDefaults } from './derived-defaults.js';
import { parseDuration } from '../../common/duration.js';
import { factorOptionsOf } from './factor-settings.js';
import { mailOptionsOf } from './mail-settings.js';
import { NAMES, type Name, SECRETS, trustProxyOf } from './environment.js';
import { type Source, type Variables, readEnvironment } from './read-environment.js';
import { STANDARD_RULES } from './standard-rules.js';

/** Options of `loadConfig`. */
export interface ConfigReading {
  /** If false, unknown names are in `warnings` and never throw. For applications that have variables of their own. */
  readonly strict?: boolean;
  /** Further API contracts that the application serves, by value of `AUTH_COMPAT`. */
  readonly compat?: Readonly<Record<string, CompatRules>>;
}

/** Builds the configuration. Throws `ConfigError` with all problems of the variables. */
export function loadConfig(variables: Variables, reading: ConfigReading = {}): Config {
  const { settings, warnings, rules } = readSettings(variables, reading);
  const production = settings.NODE_ENV === 'production';
  const max = settings.SESSION_MAX_PER_USER;
  const newSetupCode =
    production && settings.SETUP_CODE === undefined ? randomBytes(18).toString('base64url') : null;
  return {
    production,
    compat: settings.AUTH_COMPAT,
    host: settings.API_HOST,
    port: settings.API_PORT,
    logLevel: settings.LOG_LEVEL,
    metrics:
      settings.METRICS_PORT === undefined
        ? null
        : { host: settings.METRICS_HOST, port: settings.METRICS_PORT },
    workers: settings.WORKERS,
    newSetupCode,
    warnings,
    auth: new AuthOptions({
      type: settings.AUTH_TYPE,
      lifetime: rules.lifetime(settings),
      remembered: {
        idle: parseDuration(settings.SESSION_REMEMBER_IDLE_TIMEOUT),
        absolute: parseDuration(settings.SESSION_REMEMBER_DURATION),
      },
      cookie: { name: settings.SESSION_NAME, secure: production },
      clearSiteData: (['cache', 'storage'] as const).filter((kind) =>
        settings.CLEAR_SITE_DATA.includes(kind),
      ),
      trustedOrigins: settings.TRUSTED_ORIGINS,
      ...rules.auth,
    }),
    users: new UsersOptions({
      registration: settings.REGISTRATION,
      setupCode: settings.SETUP_CODE ?? newSetupCode,
      roles: settings.USER_ROLES,
      passwordMinLength: settings.PASSWORD_MIN_LENGTH,
      passwordContext: wordsOfTheService(settings),
      passwordBreachUrl: settings.PASSWORD_BREACH_URL ?? null,
      passwordHash: settings.PASSWORD_HASH,
      passwordCost: settings.PASSWORD_HASH_COST,
      passwordPepper: settings.PASSWORD_PEPPER ?? null,
      passwordPreviousPeppers: settings.PASSWORD_PEPPER_PREVIOUS ?? [],
      throttle: new ThrottleOptions({
        enabled: settings.AUTH_THROTTLE === 'on',
        failuresPerNetwork: settings.AUTH_FAILURES_PER_NETWORK,
        failuresPerServer: settings.AUTH_FAILURES_PER_SERVER,
      }),
      ...rules.users,
    }),
    sessions: new SessionsOptions({
      limit: max === 0 ? null : { max, policy: settings.SESSION_LIMIT_POLICY },
      maxAccessTokens: settings.ACCESS_TOKENS_MAX,
      sweepInterval: parseDuration(settings.SESSION_SWEEP_INTERVAL),
    }),
    storage: new StorageOptions({
      database: settings.DATABASE_URL,
      sessions: settings.SESSION_STORE_URL,
      tablePrefix: settings.TABLE_PREFIX,
      schema: settings.DATABASE_SCHEMA ?? null,
      timeout: parseDuration(settings.STORE_TIMEOUT),
    }),
    mail: mailOptionsOf(settings),
    factors: factorOptionsOf(settings),
    audit: new AuditOptions({ retention: parseDuration(settings.AUDIT_RETENTION) }),
    http: new HttpOptions({
      adapter: settings.HTTP_ADAPTER,
      prefix: settings.API_PREFIX,
      trustProxy: trustProxyOf(settings.TRUST_PROXY),
      trustedOrigins: settings.TRUSTED_ORIGINS,
      ...servedHosts(settings),
      maxConnections: settings.MAX_CONNECTIONS,
      keepAliveTimeout: parseDuration(settings.KEEP_ALIVE_TIMEOUT),
      https: production,
      explainRefusals: !production,
      docs: settings.API_DOCS === 'on',
      pages: settings.PAGES === 'on',
      service: settings.SERVICE_NAME ?? null,
    }),
  };
}

/** Each variable with its effective value, without secrets, and the source of the value. Throws `ConfigError`. */
export function describeConfig(
  variables: Variables,
  reading: ConfigReading = {},
): { name: Name; value: string; source: Source | 'derived' }[] {
  const { settings, sources, given } = readSettings(variables, reading);
  return NAMES.map((name) => {
    const value = settings[name];
    const isDerived = sources.get(name) === 'default' && given[name] === undefined && value !== undefined;
    return {
      name,
      value: show(name, value),
      source: isDerived ? 'derived' : (sources.get(name) ?? 'default'),
    };
  });
}

function readSettings(variables: Variables, { strict = true, compat = {} }: ConfigReading) {
  const served = new Map(Object.entries({ ...compat, standard: STANDARD_RULES }));
  const rules = served.get(variables['AUTH_COMPAT'] ?? 'standard') ?? STANDARD_RULES;
  const { mayBeEmpty } = rules;
  const { environment, sources, problems, warnings } = readEnvironment(variables, { strict, mayBeEmpty });
  const settings = withDerivedDefaults(environment, rules.defaults(environment));
  const all = [...problems, ...contradictions(environment, settings, rules)];
  if (problems.every((problem) => !problem.startsWith('AUTH_COMPAT:')) && !served.has(settings.AUTH_COMPAT))
    all.push(`AUTH_COMPAT: this application serves ${[...served.keys()].join(' and ')} only`);
  if (all.length > 0) throw new ConfigError(all);
  return { settings, sources, warnings, rules, given: environment };
}

/** Words that a password must not consist of: those of the operator, and the host names of the service. */
function wordsOfTheService({ PASSWORD_CONTEXT_WORDS, API_HOST, TRUSTED_ORIGINS }: Settings): string[] {
  const origins = TRUSTED_ORIGINS.map((origin) => new URL(origin).hostname);
  return [...PASSWORD_CONTEXT_WORDS, hostname(), API_HOST, ...origins];
}

/** In development on a loopback address, only loopback names and configured hosts are served. */
function servedHosts({ NODE_ENV, API_HOST, TRUSTED_ORIGINS, ALLOWED_HOSTS }: Settings) {
  if (NODE_ENV === 'production' || !isLoopback(API_HOST)) return { allowedHosts: ALLOWED_HOSTS };
  const origins = TRUSTED_ORIGINS.map((origin) => new URL(origin).hostname).filter(isHostPattern);
  return { allowedHosts: [...ALLOWED_HOSTS, API_HOST, ...origins], loopbackHosts: true };
}

/** The variables of which everything but the secrets is shown. */
const URLS: ReadonlySet<Name> = new Set(['DATABASE_URL', 'SESSION_STORE_URL', 'MAIL_URL']);

function show(name: Name, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '(none)';
  if (URLS.has(name)) return withoutSecrets(String(value));
  if ((SECRETS as readonly Name[]).includes(name)) return '(secret)';
  return Array.isArray(value) ? value.join(',') : String(value);
}
