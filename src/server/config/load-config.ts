import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { AuditOptions } from '../../audit/audit-options.js';
import { AuthOptions } from '../../auth/auth-options.js';
import { ALX } from '../../http/dialects/alx.js';
import { STANDARD } from '../../http/dialects/standard.js';
import { isHostPattern, isLoopback } from '../http/host-check.js';
import { HttpOptions } from '../http/http-options.js';
import type { Limits } from '../../sessions/session-lifetime.js';
import { SessionsOptions } from '../../sessions/sessions-options.js';
import { StorageOptions } from '../../storage/storage-options.js';
import { withoutSecrets } from '../../storage/store-url.js';
import { ThrottleOptions } from '../../throttle/throttle-options.js';
import { UsersOptions } from '../../users/users-options.js';
import { type Config, ConfigError } from './config.js';
import { contradictions } from './contradictions.js';
import { type Settings, withDerivedDefaults } from './derived-defaults.js';
import { parseDuration, parsePythonInt } from '../../common/duration.js';
import { NAMES, type Name, SECRETS, trustProxyOf } from './environment.js';
import { type Source, type Variables, readEnvironment } from './read-environment.js';

/**
 * The configuration that the variables make; a `ConfigError` with all their problems at once. `strict: false` is for
 * applications with variables of their own: names that look like ours never throw, and are all in `warnings`.
 */
export function loadConfig(variables: Variables, { strict = true }: { strict?: boolean } = {}): Config {
  const { settings, warnings } = readSettings(variables, strict);
  const production = settings.NODE_ENV === 'production';
  const dialect = settings.AUTH_COMPAT === 'alx' ? ALX : STANDARD;
  const max = settings.SESSION_MAX_PER_USER;
  const newSetupCode =
    production && settings.SETUP_CODE === undefined ? randomBytes(18).toString('base64url') : null;
  return {
    production,
    host: settings.API_HOST,
    port: settings.API_PORT,
    logLevel: settings.LOG_LEVEL,
    workers: settings.WORKERS,
    newSetupCode,
    warnings,
    auth: new AuthOptions({
      type: settings.AUTH_TYPE.filter((type) => type !== 'auth'),
      lifetime: limits(settings),
      remembered: {
        idle: parseDuration(settings.SESSION_REMEMBER_IDLE_TIMEOUT),
        absolute: parseDuration(settings.SESSION_REMEMBER_DURATION),
      },
      cookie: { name: settings.SESSION_NAME, secure: production },
      clearSiteData: (['cache', 'storage'] as const).filter((kind) =>
        settings.CLEAR_SITE_DATA.includes(kind),
      ),
      dialect,
    }),
    users: new UsersOptions({
      registration: settings.REGISTRATION,
      setupCode: settings.SETUP_CODE ?? newSetupCode,
      passwordMinLength: settings.PASSWORD_MIN_LENGTH,
      passwordBlocklist: dialect.passwordBlocklist,
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
      exactEmails: dialect.exactEmails,
      nullRemovesNames: dialect.nullRemovesNames,
      standardRoutes: dialect.standardRoutes,
      peersVisible: dialect.peersVisible,
      pageSize: dialect.pageSize,
      presentation: { timestamp: dialect.timestamp, showsRole: dialect.showsRole },
    }),
    sessions: new SessionsOptions({
      limit: max === 0 ? null : { max, policy: settings.SESSION_LIMIT_POLICY },
      maxAccessTokens: settings.ACCESS_TOKENS_MAX,
      sweepInterval: parseDuration(settings.SESSION_SWEEP_INTERVAL),
    }),
    storage: new StorageOptions({
      database: settings.DATABASE_URL,
      sessions: settings.SESSION_STORE_URL,
      timeout: parseDuration(settings.STORE_TIMEOUT),
    }),
    audit: new AuditOptions({ retention: parseDuration(settings.AUDIT_RETENTION) }),
    http: new HttpOptions({
      prefix: settings.API_PREFIX,
      trustProxy: trustProxyOf(settings.TRUST_PROXY),
      trustedOrigins: settings.TRUSTED_ORIGINS,
      ...servedHosts(settings),
      maxConnections: settings.MAX_CONNECTIONS,
      keepAliveTimeout: parseDuration(settings.KEEP_ALIVE_TIMEOUT),
      https: production,
      explainRefusals: !production,
      docs: settings.API_DOCS === 'on',
    }),
  };
}

/** Each variable with its effective value, secrets left out, and where that comes from. */
export function describeConfig(
  variables: Variables,
): { name: Name; value: string; source: Source | 'derived' }[] {
  const { settings, sources, given } = readSettings(variables);
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

function readSettings(variables: Variables, strict = true) {
  const { environment, sources, problems, warnings } = readEnvironment(variables, { strict });
  const settings = withDerivedDefaults(environment);
  const all = [...problems, ...contradictions(environment, settings)];
  if (all.length > 0) throw new ConfigError(all);
  return { settings, sources, warnings, given: environment };
}

function limits({ AUTH_COMPAT, SESSION_DURATION, SESSION_IDLE_TIMEOUT }: Settings): Limits {
  if (AUTH_COMPAT === 'alx') {
    const seconds = parsePythonInt(SESSION_DURATION) ?? 0;
    return { idle: Infinity, absolute: seconds > 0 ? seconds * 1000 : Infinity };
  }
  return { idle: parseDuration(SESSION_IDLE_TIMEOUT), absolute: parseDuration(SESSION_DURATION) };
}

/** What the operator names, and the names of hosts: this machine's, and those under which people know the service. */
function wordsOfTheService({ PASSWORD_CONTEXT_WORDS, API_HOST, TRUSTED_ORIGINS }: Settings): string[] {
  const origins = TRUSTED_ORIGINS.map((origin) => new URL(origin).hostname);
  return [...PASSWORD_CONTEXT_WORDS, hostname(), API_HOST, ...origins];
}

/** In development on a loopback address nobody but this machine has business: only its own names are served, and those given. */
function servedHosts({ NODE_ENV, API_HOST, TRUSTED_ORIGINS, ALLOWED_HOSTS }: Settings) {
  if (NODE_ENV === 'production' || !isLoopback(API_HOST)) return { allowedHosts: ALLOWED_HOSTS };
  const origins = TRUSTED_ORIGINS.map((origin) => new URL(origin).hostname).filter(isHostPattern);
  return { allowedHosts: [...ALLOWED_HOSTS, API_HOST, ...origins], loopbackHosts: true };
}

function show(name: Name, value: unknown): string {
  if (value === undefined) return '(none)';
  if (name === 'DATABASE_URL' || name === 'SESSION_STORE_URL') return withoutSecrets(String(value));
  if ((SECRETS as readonly Name[]).includes(name)) return '(secret)';
  return Array.isArray(value) ? value.join(',') : String(value);
}
