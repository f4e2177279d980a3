import { closest, distance } from 'fastest-levenshtein';

/** The decoded parts of a storage URL with hosts. */
export interface StoreUrl {
  readonly scheme: string;
  readonly user: string;
  readonly password: string;
  readonly nodes: readonly StoreNode[];
  /** Segments of the path, such as the name of the database. */
  readonly path: readonly string[];
  readonly parameters: ReadonlyMap<string, string>;
}

export interface StoreNode {
  /** Without the brackets of an IPv6 address; empty if the URL names no host. */
  readonly host: string;
  readonly port: number | null;
}

type Values = RegExp | readonly string[];

/** Rules for the URLs of a scheme. */
interface Grammar {
  readonly example: string;
  readonly path: RegExp;
  /** The message for a path that does not match. */
  readonly pathFault: string;
  readonly hosts: 'one' | 'several' | 'several or in ?host=';
  readonly parameters: Readonly<Record<string, Values>>;
  /** Messages for parameters of other software that are not supported here. */
  readonly hints: Readonly<Record<string, string>>;
}

const SOME = /^.+$/s;
const NUMBER = /^\d{1,9}$/;

const REDIS_HINTS = {
  ...among(
    ['tls', 'ssl', 'sslmode'],
    'TLS is the scheme: rediss://…, rediss-cluster://… or rediss-sentinel://…',
  ),
  ...among(['db', 'database'], 'the number of the database is the path, as in redis://host/1'),
  ...among(
    ['user', 'username', 'password', 'auth'],
    'user and password stand before the host, as in user:password@host',
  ),
  ...among(
    ['timeout', 'connect_timeout', 'socket_timeout', 'command_timeout'],
    'set STORE_TIMEOUT for the longest time of a call',
  ),
  ...among(['keyprefix', 'key_prefix', 'namespace'], 'use prefix'),
  ...among(
    ['sentinelmasterid', 'master', 'master_name', 'mastername', 'service_name'],
    'the name of the service is the path, as in redis-sentinel://host:26379/mymaster',
  ),
};

/** `replicas` limits how many replicas must confirm a write. */
const REDIS_PARAMETERS = { prefix: SOME, replicas: /^\d$/ };

const REDIS: Grammar = {
  example: 'redis://user:password@host:6379/0?prefix=coats',
  path: /^(\/\d{0,4})?$/,
  pathFault: 'the path is the number of a database, as in redis://host/1',
  hosts: 'one',
  parameters: REDIS_PARAMETERS,
  hints: REDIS_HINTS,
};

const CLUSTER: Grammar = {
  ...REDIS,
  example: 'redis-cluster://user:password@host:6379,host:6379?prefix=coats',
  path: /^\/?$/,
  pathFault: 'a cluster has one database, and no path',
  hosts: 'several',
};

const SENTINEL: Grammar = {
  ...REDIS,
  example: 'redis-sentinel://user:password@host:26379,host:26379/mymaster/0?prefix=coats',
  path: /^\/[^/]+(\/\d{0,4})?$/,
  pathFault:
    'the path is the name of the service and perhaps the number of a database, as in redis-sentinel://host:26379/mymaster/0',
  hosts: 'several',
  parameters: { ...REDIS_PARAMETERS, sentinel_username: SOME, sentinel_password: SOME },
};

/** Has the parameters that `pg` supports. */
const POSTGRES: Grammar = {
  example: 'postgres://user:password@host:5432/database?sslmode=verify-full',
  path: /^(\/[^/]*)?$/,
  pathFault: 'the path is the name of a database, as in postgres://host/coats',
  hosts: 'several or in ?host=',
  parameters: {
    host: SOME,
    port: NUMBER,
    user: SOME,
    password: SOME,
    application_name: SOME,
    fallback_application_name: SOME,
    options: SOME,
    client_encoding: ['utf8', 'UTF8', 'utf-8', 'UTF-8'],
    ssl: ['true', '1', '0', 'no-verify'],
    sslmode: ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'],
    sslcert: SOME,
    sslkey: SOME,
    sslrootcert: SOME,
    sslnegotiation: ['postgres', 'direct'],
    uselibpqcompat: ['true'],
    statement_timeout: NUMBER,
    lock_timeout: NUMBER,
    idle_in_transaction_session_timeout: NUMBER,
    query_timeout: NUMBER,
    target_session_attrs: ['any', 'read-write', 'primary'],
  },
  hints: {
    ...among(
      ['schema', 'search_path', 'currentschema'],
      'name a schema with options=-c%20search_path%3D<schema>',
    ),
    ...among(['dbname', 'database'], 'the database is the path, as in postgres://host/coats'),
    ...among(
      ['connect_timeout', 'pool_timeout', 'timeout'],
      'set STORE_TIMEOUT for the longest time of a call',
    ),
    ...among(['tls'], 'use sslmode=verify-full for TLS'),
  },
};

const GRAMMARS: Readonly<Record<string, Grammar>> = {
  postgres: POSTGRES,
  postgresql: POSTGRES,
  redis: REDIS,
  rediss: REDIS,
  'redis-cluster': CLUSTER,
  'rediss-cluster': CLUSTER,
  'redis-sentinel': SENTINEL,
  'rediss-sentinel': SENTINEL,
};

const DATABASES = ['memory', 'sqlite', 'postgres', 'postgresql'];

/** Schemes of other software, and what to write instead. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'redis+cluster': 'redis-cluster',
  'redis+sentinel': 'redis-sentinel',
  'rediss+sentinel': 'rediss-sentinel',
  'redis+ssl': 'rediss',
  'redis+tls': 'rediss',
  valkey: 'redis',
  valkeys: 'rediss',
  sqlite3: 'sqlite',
  file: 'sqlite',
  pgsql: 'postgres',
  pg: 'postgres',
};

/** Largest edit distance for which a name is suggested. */
const TYPOS = 2;

const USER_INFO = /^(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})*$/i;
const NODE = /^(?:([\w.-]+|(?:%[\da-f]{2}|[\w.-])+)|\[([\da-f:.]+(?:%25[\w.-]+)?)\])?(?::(\d+))?$/i;

/** What is wrong with the URL of a database and how to correct it; null if it is valid. Contains no values of the URL. */
export function faultOfDatabaseUrl(url: string): string | null {
  return faultOf(url, DATABASES, 'memory:, sqlite:<file> or postgres://…');
}

/** The same as `faultOfDatabaseUrl` for the URL of a session store. */
export function faultOfSessionStoreUrl(url: string): string | null {
  const all = [...DATABASES, ...Object.keys(GRAMMARS)];
  const known = 'memory:, sqlite:<file>, postgres://…, redis://…, redis-sentinel://… or redis-cluster://…';
  return faultOf(url, all, known);
}

/** Parses a valid storage URL that has hosts. */
export function parseStoreUrl(url: string): StoreUrl {
  const { scheme, user, nodes, path, query } = split(url);
  const [name = '', ...password] = user?.split(':') ?? [];
  return {
    scheme,
    user: decodeURIComponent(name),
    password: decodeURIComponent(password.join(':')),
    nodes: nodes.map(nodeOf),
    path: path.split('/').slice(1).map(decodeURIComponent),
    parameters: new Map(new URLSearchParams(query ?? '')),
  };
}

/** One URL for each host of a URL, in order. */
export function urlOfEachHost(url: string): readonly string[] {
  const { scheme, user, nodes, path, query } = split(url);
  const account = user === undefined ? '' : `${user}@`;
  const parameters = query === undefined ? '' : `?${query}`;
  return nodes.map((node) => `${scheme}://${account}${node}${path}${parameters}`);
}

/** A storage URL without user, password and parameters, for logs and errors. */
export function withoutSecrets(url: string): string {
  return url.replace(/^([\w-]+:\/\/)(?:.*@)?([^?]*).*$/s, '$1$2');
}

function faultOf(url: string, schemes: readonly string[], known: string): string | null {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(url) ?? [];
  if (url !== url.trim()) return 'has a blank before or after it; remove it';
  if (scheme === undefined) return `must be ${known}`;
  if (!schemes.includes(scheme)) return faultOfScheme(scheme, schemes, known);
  if (scheme === 'memory') return url === 'memory:' ? null : 'must be memory: alone, with nothing after it';
  if (scheme === 'sqlite') return faultOfFile(url.slice('sqlite:'.length));
  return faultOfParts(url, GRAMMARS[scheme]!);
}

function faultOfScheme(scheme: string, schemes: readonly string[], known: string): string {
  const small = scheme.toLowerCase();
  const meant = OTHER_NAMES[small] ?? nearest(small, schemes);
  if (meant === undefined || !schemes.includes(meant)) return `must be ${known}`;
  return `must be ${known}; did you mean ${meant}${meant === 'sqlite' ? ':<file>' : '://…'}?`;
}

/** Rejects names that other software would decode or expand: the path is used literally. */
function faultOfFile(file: string): string | null {
  if (/^(:memory:|file:)/i.test(file))
    return 'use memory: for a database in memory, or sqlite:<file> with the path of a file';
  const rules: readonly (readonly [broken: RegExp, fault: string])[] = [
    [/^$/, 'names no file, as in sqlite:coatcheck.db'],
    [
      /^\s|\s$|\p{Cc}/u,
      'the file name has a control character, or a blank at its beginning or end; remove it',
    ],
    [
      /^\/\//,
      'write the path as it is: sqlite:/var/lib/coatcheck.db, or sqlite:coatcheck.db in the working folder',
    ],
    [/^~/, 'a tilde is not replaced: write the whole path, as in sqlite:/var/lib/coatcheck/coatcheck.db'],
    [/[?#]/, 'must not have parameters or a fragment; use a file name without ? and #'],
    [/%[\da-f]{2}/i, 'must not be percent-encoded; write the file name as it is'],
    [/\$[{\w]/, 'has a variable, which is not replaced; write the whole path'],
    [/\/$/, 'names a folder; name a file in it, such as sqlite:/var/lib/coatcheck/coatcheck.db'],
  ];
  return rules.find(([broken]) => broken.test(file))?.[1] ?? null;
}

function faultOfParts(url: string, grammar: Grammar): string | null {
  const { after, user, nodes, path, query, fragment } = split(url);
  if (after === undefined) return `must have // after the scheme, as in ${grammar.example}`;
  if (/[\s\p{Cc}]/u.test(url)) return 'has a blank; write %20 for it';
  if (fragment !== undefined)
    return 'has a #, but URLs of stores have no fragment; write %23 for # in a password';
  if (/@/.test(path + (query ?? '')) || (user !== undefined && !USER_INFO.test(user)))
    return 'user and password have to be percent-encoded: / is %2F, @ is %40, ? is %3F, # is %23';
  if (![user ?? '', path].every(isDecodable)) return 'has a % that is not percent-encoding; write %25 for it';
  return (
    faultOfUser(user, grammar) ??
    faultOfNodes(nodes, query, grammar) ??
    (grammar.path.test(path) ? null : grammar.pathFault) ??
    faultOfQuery(query ?? '', grammar)
  );
}

/** With a user but no password, the client would connect to Redis without authentication. */
function faultOfUser(user: string | undefined, grammar: Grammar): string | null {
  if (user === undefined || grammar === POSTGRES) return null;
  return /:./.test(user)
    ? null
    : 'a user needs a password: user:password@host, or :password@host without a user';
}

function faultOfNodes(nodes: readonly string[], query: string | undefined, grammar: Grammar): string | null {
  if (nodes.length > 1 && grammar.hosts === 'one') return `names one host, as in ${grammar.example}`;
  const hasOther = grammar.hosts === 'several or in ?host=' && new URLSearchParams(query).has('host');
  if (nodes.length > 1 && hasOther) return 'names hosts before the path and in ?host=; use one of the two';
  for (const text of nodes) {
    if (!NODE.test(text))
      return `has a host or port that is not valid; write host:port as in ${grammar.example}`;
    const { host, port } = nodeOf(text);
    if (host === '' && !hasOther) return `names no host, as in ${grammar.example}`;
    if (port !== null && (port < 1 || port > 65_535))
      return 'has a port that is not valid; use a number from 1 to 65535';
  }
  return null;
}

function faultOfQuery(query: string, { parameters, hints }: Grammar): string | null {
  if (!isDecodable(query)) return 'has a % in its parameters that is not percent-encoding; write %25 for it';
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!Object.hasOwn(parameters, name)) return faultOfName(name, parameters, hints);
    if (seen.has(name)) return `has the parameter ${name} twice; remove one of them`;
    seen.add(name);
    const values = parameters[name]!;
    const isRight = values instanceof RegExp ? values.test(value) : values.includes(value);
    if (!isRight)
      return `the parameter ${name} ${values instanceof RegExp ? needOf(values) : `must be one of ${values.join(', ')}`}`;
  }
  return null;
}

/** Shows the name only if it looks like one; anything else may be part of a password. */
function faultOfName(name: string, parameters: Grammar['parameters'], hints: Grammar['hints']): string {
  const shown = /^[a-z_]{1,40}$/i.test(name) ? `the parameter ${name}` : 'a parameter';
  const small = name.toLowerCase();
  const hint = Object.hasOwn(hints, small) ? hints[small] : undefined;
  if (hint !== undefined) return `${shown} is not known: ${hint}`;
  const meant = nearest(small, Object.keys(parameters));
  const known = Object.keys(parameters).join(', ');
  return `${shown} is not known: ${meant === undefined ? `known parameters are ${known}` : `did you mean ${meant}?`}`;
}

function needOf(values: RegExp): string {
  return values === SOME ? 'needs a value' : 'must be a number in digits';
}

function nearest(text: string, names: readonly string[]): string | undefined {
  const name = closest(text, names);
  return distance(text, name) <= TYPOS ? name : undefined;
}

/** Splits a URL without decoding. `after` is the part after `scheme://`. */
function split(url: string) {
  const [, scheme = '', after] = /^([^:]*):(?:\/\/(.*))?/s.exec(url) ?? [];
  const [, authority = '', path = '', query, fragment] =
    /^([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(after ?? '') ?? [];
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? undefined : authority.slice(0, at);
  return { scheme, after, user, nodes: authority.slice(at + 1).split(','), path, query, fragment };
}

function nodeOf(text: string): StoreNode {
  const [, name, address, port] = NODE.exec(text) ?? [];
  return {
    host: address ?? decodeURIComponent(name ?? ''),
    port: port === undefined ? null : Number(port),
  };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function among(names: readonly string[], hint: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, hint]));
}
