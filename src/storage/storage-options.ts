const KEEPS_ALL = 'memory:|sqlite:(?!:memory:|file:).+|postgres(ql)?://.+';

const DATABASE_URL = new RegExp(`^(${KEEPS_ALL})$`);
const NODE = '([\\w.-]+|\\[[\\da-f:]+\\])(:\\d{1,5})?';
const CLUSTER_URL = new RegExp(`^redis-cluster://([^:@]*:[^@]*@)?${NODE}(,${NODE})*(\\?.*)?$`);
const REDIS_URL = /^rediss?:\/\/[^/?]+(\/\d*)?(\?.*)?$/;

/** Whether users can be kept there; SQLite's own names for memory and for files with options are none. */
export function isDatabaseUrl(url: string): boolean {
  return DATABASE_URL.test(url) && (!url.startsWith('postgres') || URL.canParse(url));
}

/** Whether sessions can be kept there. */
export function isSessionStoreUrl(url: string): boolean {
  if (CLUSTER_URL.test(url)) return isDecodable(url);
  return isDatabaseUrl(url) || (REDIS_URL.test(url) && URL.canParse(url) && isDecodable(url));
}

/** Where users and sessions are kept; each value left out is the one below. */
export class StorageOptions {
  /** `memory:`, `sqlite:<file>` or `postgres://…`. */
  readonly database: string = 'sqlite:coatcheck.db';
  /** Where sessions are kept if not beside the users; also `redis://…`, `rediss://…` or `redis-cluster://host:port,…`. */
  readonly sessions: string;
  /** Milliseconds after which a call that has no answer fails. */
  readonly timeout: number = 500;

  constructor(options: Partial<StorageOptions> = {}) {
    Object.assign(this, options);
    this.sessions = options.sessions ?? this.database;
  }
}

/** A storage URL as it may be shown: without user, password and parameters. */
export function withoutSecrets(url: string): string {
  return url.replace(/^([\w-]+:\/\/)(?:.*@)?([^?]*).*$/s, '$1$2');
}

function isDecodable(url: string): boolean {
  try {
    return decodeURIComponent(url) !== '';
  } catch {
    return false;
  }
}
