import { describe, expect, it } from '@jest/globals';
import { ConfigError } from './config.js';
import { NAMES, SECRETS } from './environment.js';
import { loadConfig } from './load-config.js';
import { unknownNames } from './unknown-names.js';

const VALUE = 'hunter2';

/** Splits names at spaces. */
const words = (text: string) => text.trim().split(/\s+/);
const set = (...names: string[]) => Object.fromEntries(names.map((name) => [name, VALUE]));

describe('A variable that is not read', () => {
  it.each([
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['database_url', 'DATABASE_URL'],
    ['Database.Url', 'DATABASE_URL'],
    ['DATABASEURL', 'DATABASE_URL'],
    ['DATABASE_URL_FIEL', 'DATABASE_URL_FILE'],
    ['DATABASE_ULR_FILE', 'DATABASE_URL_FILE'],
    ['COATCHECK_AUTH_TYPE', 'AUTH_TYPE'],
    ['COATCHECK_DATABASE_URL', 'DATABASE_URL'],
    ['AUTH_TYP', 'AUTH_TYPE'],
    ['AUHT_TYPE', 'AUTH_TYPE'],
    ['AUTHTYPE', 'AUTH_TYPE'],
    ['SESION_DURATION', 'SESSION_DURATION'],
    ['SESSOIN_STORE_URL', 'SESSION_STORE_URL'],
    ['PASWORD_PEPPER', 'PASSWORD_PEPPER'],
    ['PASSWORD_PEPPER_FIEL', 'PASSWORD_PEPPER_FILE'],
    ['SETUP_CDOE', 'SETUP_CODE'],
    ['SETUPCODE', 'SETUP_CODE'],
    ['TRUSTPROXY', 'TRUST_PROXY'],
    ['TRUST_PROXIES', 'TRUST_PROXY'],
    ['TRUSTED_ORIGIN', 'TRUSTED_ORIGINS'],
    ['REGISTRATOIN', 'REGISTRATION'],
    ['CLEAR_SITEDATA', 'CLEAR_SITE_DATA'],
    ['FACTORKEY', 'FACTOR_KEY'],
    ['FACTOR_KEY_PREV', 'FACTOR_KEY'],
    ['MFA_METHOD', 'MFA_METHODS'],
  ])('%s is an error that suggests %s', (name, meant) => {
    expect(unknownNames(set(name))).toEqual({
      errors: [`${name}: unknown; did you mean ${meant}?`],
      warnings: [],
    });
    expect(() => loadConfig(set(name))).toThrow(ConfigError);
  });

  it.each(['MFA_POLICY', 'MFA_REQUIRED', 'MFA_ENABLED'])('%s is an error that names MFA', (name) => {
    expect(unknownNames(set(name))).toEqual({ errors: [`${name}: unknown; set MFA`], warnings: [] });
  });

  it.each([
    ['NODE_EVN', 'NODE_ENV'],
    ['NODEENV', 'NODE_ENV'],
    ['node_env', 'NODE_ENV'],
    ['API_PROT', 'API_PORT'],
    ['API_HOTS', 'API_HOST'],
    ['API_PREFX', 'API_PREFIX'],
    ['API_PERFIX', 'API_PREFIX'],
    ['API_DOC', 'API_DOCS'],
    ['WORKER', 'WORKERS'],
    ['WROKERS', 'WORKERS'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['COATCHECK_LOG_LEVEL', 'LOG_LEVEL'],
    ['MAXCONNECTIONS', 'MAX_CONNECTIONS'],
    ['MAX_CONECTION', 'MAX_CONNECTIONS'],
    ['STORE_TIMEOUT_MS', 'STORE_TIMEOUT'],
    ['AUDIT_RETENTOIN', 'AUDIT_RETENTION'],
  ])('%s is a warning that suggests %s', (name, meant) => {
    expect(loadConfig(set(name)).warnings).toEqual([`${name}: unknown; did you mean ${meant}?`]);
  });

  it.each(NAMES)('%s is detected without one letter, and with two letters exchanged', (name) => {
    const middle = 3;
    const swapped = name.replace(/^(...)(.)(.)/, '$1$3$2');
    const shorter = name.slice(0, middle) + name.slice(middle + 1);
    for (const misspelt of [swapped, shorter].filter((each) => each !== name)) {
      const { errors, warnings } = unknownNames(set(misspelt));
      expect([...errors, ...warnings]).toEqual([`${misspelt}: unknown; did you mean ${name}?`]);
    }
  });

  it.each([
    ['PORT', 'API_PORT'],
    ['SECRET_KEY COOKIE_SECRET JWT_SECRET NEXTAUTH_SECRET', 'random'],
    ['JWT_EXPIRES_IN', 'SESSION_DURATION'],
    ['REDIS_URL REDIS_HOST', 'SESSION_STORE_URL'],
    ['DB_HOST DB_URL POSTGRES_URL PGHOST DATABASE_HOST DATABASE_SSL DATABASE_FILE', 'DATABASE_URL'],
    ['CORS_ORIGIN FRONTEND_URL', 'TRUSTED_ORIGINS'],
    ['SALT_ROUNDS BCRYPT_ROUNDS', 'PASSWORD_HASH_COST'],
    ['BASE_URL', 'none is needed'],
    ['SMTP_HOST', 'MAIL_URL'],
    ['COOKIE_NAME', 'SESSION_NAME'],
    ['COOKIE_SECURE', 'NODE_ENV'],
    ['RATE_LIMIT', 'AUTH_FAILURES_PER_NETWORK'],
    ['ADMIN_PASSWORD', 'REGISTRATION'],
  ])('of other software is a warning with advice: %s', (names, advice) => {
    for (const name of words(names)) {
      const { errors, warnings } = unknownNames(set(name));
      expect(errors).toEqual([]);
      expect(warnings).toEqual([expect.stringMatching(`^${name}: .*${advice}`)]);
    }
  });

  it.each([
    ['SESSION_SECRET', 'no secret is needed'],
    ['AUTH_SECRET', 'no secret is needed'],
    ['SESSION_TTL', 'SESSION_DURATION'],
    ['SESSION_MAX_AGE', 'SESSION_DURATION'],
    ['SESSION_COOKIE_NAME', 'SESSION_NAME'],
    ['TRUSTED_PROXIES', 'TRUST_PROXY'],
  ])('of other software with a known prefix is an error with advice: %s', (name, advice) => {
    const { errors, warnings } = unknownNames(set(name));
    expect({ errors, warnings }).toEqual({
      errors: [expect.stringMatching(`^${name}: .*${advice}`)],
      warnings: [],
    });
  });

  it('of other software causes no warning if the known variable is set, also as a file', () => {
    expect(unknownNames(set('PORT', 'API_PORT', 'DB_HOST', 'DATABASE_URL_FILE'))).toEqual({
      errors: [],
      warnings: [],
    });
  });

  it('is reported by name and never by value, also if it is empty', () => {
    const { errors, warnings } = unknownNames(set('AUTH_TYP', 'LOGLEVEL', 'JWT_SECRET'));
    expect([...errors, ...warnings]).toHaveLength(3);
    expect([...errors, ...warnings].join('\n')).not.toContain(VALUE);
    expect(unknownNames({ AUTH_TYP: '', LOGLEVEL: undefined, PORT: '' })).toEqual({
      errors: [expect.stringMatching(/^AUTH_TYP: /)],
      warnings: [expect.stringMatching(/^PORT: /)],
    });
  });

  it('is a warning if strict is false, but invalid values of known variables are errors', () => {
    const names = ['SESSION_SECRET', 'AUTH_TYP', 'DATABASE_ULR', 'LOGLEVEL', 'PORT'];
    const { warnings } = loadConfig(set(...names), { strict: false });
    expect(warnings.map((warning) => warning.split(':')[0]).toSorted()).toEqual(names.toSorted());
    expect(() => loadConfig({ ...set(...names), AUTH_TYPE: VALUE }, { strict: false })).toThrow(
      /AUTH_TYPE: each/,
    );
  });
});

describe('A variable without relation to this server', () => {
  it.each([
    [
      'a shell',
      `PATH HOME PWD OLDPWD LANG LANGUAGE LC_ALL LC_CTYPE SHELL SHLVL USER USERNAME LOGNAME MAIL HOSTNAME HOST HOSTTYPE
      TERM TERM_PROGRAM COLORTERM TZ TMPDIR EDITOR VISUAL PAGER LESS LS_COLORS DISPLAY _ PS1 IFS NO_COLOR FORCE_COLOR
      SUDO_USER SUDO_COMMAND SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION SSH_TTY GPG_TTY GPG_AGENT_INFO GPG_KEY
      PASSWORD_STORE_DIR PASSWORD_STORE_KEY http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY`,
    ],
    [
      'a desktop',
      `SESSION_MANAGER XDG_SESSION_ID XDG_SESSION_TYPE XDG_SESSION_CLASS XDG_SESSION_DESKTOP XDG_RUNTIME_DIR DESKTOP_SESSION
      GNOME_DESKTOP_SESSION_ID GNOME_SETUP_DISPLAY DBUS_SESSION_BUS_ADDRESS XAUTHORITY TERM_SESSION_ID ITERM_SESSION_ID
      SECURITYSESSIONID SESSIONNAME USERPROFILE USERDOMAIN LOGONSERVER COMPUTERNAME APPDATA ProgramFiles PATHEXT windir`,
    ],
    [
      'Node and npm',
      `NODE_OPTIONS NODE_PATH NODE_VERSION NODE_EXTRA_CA_CERTS NODE_UNIQUE_ID NODE_CHANNEL_FD NODE_DEBUG NODE_HOME NODE
      NODENV_ROOT NODENV_VERSION NVM_DIR NVM_BIN YARN_VERSION npm_config_loglevel npm_config_prefix npm_config_cache
      npm_config_user_agent npm_lifecycle_event npm_package_name npm_execpath npm_node_execpath INIT_CWD JEST_WORKER_ID
      UV_THREADPOOL_SIZE DEBUG LOG WORKDIR WORKSPACE CLOCK_FILE TEST_POSTGRES_URL TEST_REDIS_URL TEST_CHROMIUM`,
    ],
    [
      'a platform',
      `CI GITHUB_ACTIONS GITHUB_TOKEN GITHUB_API_URL GITLAB_CI RUNNER_OS AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID AWS_REGION
      AWS_SECRET_ACCESS_KEY AWS_EXECUTION_ENV DYNO WEB_CONCURRENCY FLY_APP_NAME FLY_REGION FLY_PRIVATE_IP RENDER
      RENDER_SERVICE_ID RENDER_EXTERNAL_URL RAILWAY_ENVIRONMENT VERCEL_ENV K_SERVICE K_REVISION GOOGLE_CLOUD_PROJECT
      WEBSITE_SITE_NAME KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT KUBERNETES_PORT KUBERNETES_PORT_443_TCP_ADDR
      INVOCATION_ID JOURNAL_STREAM NOTIFY_SOCKET LISTEN_FDS CREDENTIALS_DIRECTORY MEMORY_AVAILABLE CONTAINER container`,
    ],
    [
      'a database or an application',
      `DATABASE DATABASE_PRIVATE_URL DATABASE_PUBLIC_URL DATABASE_URL_UNPOOLED TEST_DATABASE_URL HEROKU_POSTGRESQL_PINK_URL
      PGDATA PGSSLMODE POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB REDIS_VERSION API_KEY API_URL API_TOKEN API_SECRET
      API_BASE API_VERSION STORE_ID STORE_NAME STORE_URL MAX_MEMORY LOG_DIR PASSWORD USER_PASSWORD AUDIT TRUST_STORE_PATH
      OTEL_SERVICE_NAME SENTRY_DSN`,
    ],
  ])('causes no message: what %s sets', (_, names) => {
    expect(unknownNames(set(...words(names)))).toEqual({ errors: [], warnings: [] });
  });

  it('causes no message if Kubernetes sets it for a service with a name such as auth', () => {
    const names = words(
      'AUTH_SERVICE_HOST AUTH_SERVICE_PORT AUTH_SERVICE_PORT_HTTP AUTH_PORT AUTH_PORT_80_TCP AUTH_PORT_80_TCP_ADDR',
    );
    const others = names.map((name) => name.replace('AUTH', 'COATCHECK'));
    expect(unknownNames(set(...names, ...others))).toEqual({ errors: [], warnings: [] });
    expect(unknownNames(set('AUTH_PORT')).errors).toHaveLength(1);
  });

  it('is distinct from the known variables and their files', () => {
    const names = [...NAMES, ...SECRETS.map((name) => `${name}_FILE`)];
    expect(unknownNames(set(...names))).toEqual({ errors: [], warnings: [] });
  });
});
