import { createClient, createCluster } from '@redis/client';
import type { StoreNode, StoreUrl } from '../store-url.js';

/** Milliseconds that a connection attempt may take. */
const CONNECT_TIMEOUT = 1_000;

/** Milliseconds between two attempts of the cluster client to reconnect to a node. */
const NODE_RECONNECT_INTERVAL = 250;

const REDIS_PORT = 6379;

/** Our own calls have a deadline. That of the client would make a timer and an `AbortSignal` for each command. */
const COMMANDS = { timeout: undefined };

/** The commands used, on one server or a cluster. Without a connection, a command fails at once. */
export interface RedisClient {
  info(section?: string): Promise<string>;
  get(key: string): Promise<string | null>;
  hGet(key: string, field: string): Promise<string | null>;
  hGetAll(key: string): Promise<Record<string, string>>;
  /** One page of keys, in a cluster node by node. The last page has the cursor '0'. */
  scan(
    cursor: string,
    options: { MATCH: string; COUNT: number },
  ): Promise<{ cursor: string; keys: string[] }>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly database?: number;
  readonly isTls: boolean;
}

export type NodeClient = ReturnType<typeof newNodeClient>;
export type ClusterClient = ReturnType<typeof newClusterClient>;

/** Creates a client of one server; call `connect` on it. It does not reconnect after its connection breaks. */
export function newNodeClient(
  { host, port }: StoreNode,
  { user, password, database, isTls }: Credentials,
  usualPort = REDIS_PORT,
) {
  return createClient({
    ...credentials(user, password),
    ...(database !== undefined && { database }),
    disableOfflineQueue: true,
    commandOptions: COMMANDS,
    socket: {
      host,
      port: port ?? usualPort,
      connectTimeout: CONNECT_TIMEOUT,
      reconnectStrategy: false,
      ...(isTls && { tls: true }),
    },
  });
}

/** Creates a client of a cluster; call `connect` on it. It reconnects to a node after that connection breaks. */
export function newClusterClient({ nodes, user, password, scheme }: StoreUrl) {
  const isTls = scheme.startsWith('rediss');
  return createCluster({
    rootNodes: nodes.map(({ host, port }) => ({ socket: { host, port: port ?? REDIS_PORT } })),
    minimizeConnections: true,
    commandOptions: COMMANDS,
    defaults: {
      ...credentials(user, password),
      disableOfflineQueue: true,
      socket: {
        connectTimeout: CONNECT_TIMEOUT,
        reconnectStrategy: () => NODE_RECONNECT_INTERVAL,
        ...(isTls && { tls: true }),
      },
    },
  });
}

function credentials(username: string, password: string) {
  return { ...(username !== '' && { username }), ...(password !== '' && { password }) };
}
