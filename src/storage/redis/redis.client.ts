import { createClient, createCluster } from '@redis/client';

/** Milliseconds that a connection may take, and between two attempts at one. */
const CONNECT_TIMEOUT = 1_000;
const RECONNECT_INTERVAL = 250;

/** What is asked of Redis, be it one server or a cluster. Whoever is not connected says so at once. */
export interface RedisClient {
  connect(): Promise<unknown>;
  destroy(): void;
  info(): Promise<string>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  get(key: string): Promise<string | null>;
  hGet(key: string, field: string): Promise<string | null>;
  hGetAll(key: string): Promise<Record<string, string>>;
  /** A page of keys, of a cluster one node's after another's; the last says that the next would begin at '0'. */
  scan(
    cursor: string,
    options: { MATCH: string; COUNT: number },
  ): Promise<{ cursor: string; keys: string[] }>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

const CLUSTER = /^redis-cluster:\/\/(?:([^:@]*):([^@]*)@)?([^/?@]+)/;

export function isCluster(url: string): boolean {
  return CLUSTER.test(url);
}

/** A client that is not connected yet, and that connects again by itself when a connection breaks. */
export function newClient(url: string): RedisClient {
  const options = {
    disableOfflineQueue: true,
    socket: { connectTimeout: CONNECT_TIMEOUT, reconnectStrategy: () => RECONNECT_INTERVAL },
  };
  const [, username, password, hosts] = CLUSTER.exec(url) ?? [];
  if (hosts === undefined) return createClient({ ...options, url: url.replace(/\?.*$/, '') });
  return createCluster({
    rootNodes: hosts.split(',').map((host) => ({ url: `redis://${host}` })),
    minimizeConnections: true,
    defaults: {
      ...options,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
    },
  });
}
