import type { StoreNode, StoreUrl } from '../store-url.js';
import { type ConnectedRedis, UselessConnectionError } from './connected-redis.js';
import { inTime } from './in-time.js';
import { type NodeClient, newNodeClient } from './redis.client.js';
import { Replicas } from './replicas.js';
import { Sentinels } from './sentinels.js';

/** Milliseconds to connect and check the role, and to get the replication state later. */
const SERVER_TIMEOUT = 1_500;

/** Connections to one primary: the server of the URL, or the one that the sentinels name. */
export class RedisPrimary implements ConnectedRedis {
  readonly reads: NodeClient;
  readonly writes: NodeClient;
  readonly #replicas: Replicas;

  private constructor(
    url: StoreUrl,
    private readonly node: StoreNode,
    private readonly sentinels: Sentinels | null,
    replicas: number,
    waitTimeout: number,
    onError: (redis: RedisPrimary, error: Error) => void,
  ) {
    const { user, password, path, scheme } = url;
    const database = Number(path[sentinels ? 1 : 0] ?? 0);
    const newClient = () => {
      const client = newNodeClient(node, { user, password, database, isTls: scheme.startsWith('rediss') });
      return client.on('error', (error: Error) => onError(this, error));
    };
    [this.reads, this.writes] = [newClient(), newClient()];
    this.#replicas = new Replicas(replicas, waitTimeout, (count, ms) =>
      this.writes.sendCommand(['WAIT', `${count}`, `${ms}`]),
    );
  }

  /**
   * Connects to the current primary. A confirmation waits for at most `replicas` replicas and `waitTimeout` milliseconds.
   * Calls `onError` when a connection breaks.
   */
  static async connect(
    url: StoreUrl,
    replicas: number,
    waitTimeout: number,
    onError: (redis: RedisPrimary, error: Error) => void,
  ): Promise<RedisPrimary> {
    const sentinels = url.scheme.endsWith('-sentinel') ? new Sentinels(url) : null;
    let redis: RedisPrimary | null = null;
    try {
      const node = sentinels ? await sentinels.primary() : url.nodes[0]!;
      redis = new RedisPrimary(url, node, sentinels, replicas, waitTimeout, onError);
      await inTime(redis.#connect(), SERVER_TIMEOUT);
      return redis;
    } catch (error) {
      redis?.destroy();
      sentinels?.close();
      throw error;
    }
  }

  async check(): Promise<void> {
    const [info] = await Promise.all([inTime(infoOf(this.reads), SERVER_TIMEOUT), this.#checkSentinels()]);
    this.#note(info);
  }

  confirm(): Promise<void> {
    return this.#replicas.confirm();
  }

  destroy(): void {
    this.reads.destroy();
    this.writes.destroy();
    this.sentinels?.close();
  }

  /** Checks the role on both connections, because one address may lead to several servers. */
  async #connect(): Promise<void> {
    await Promise.all([this.reads.connect(), this.writes.connect()]);
    for (const client of [this.reads, this.writes]) this.#note(await infoOf(client));
  }

  #note(info: string): void {
    if (/^role:slave/m.test(info))
      throw new UselessConnectionError('The server is a replica, which takes no writes.');
    this.#replicas.note(info);
  }

  /** Rejects if the sentinels name another primary. Passes if no sentinel answers. */
  async #checkSentinels(): Promise<void> {
    const named = await this.sentinels?.primary().catch(() => undefined);
    if (named && (named.host !== this.node.host || named.port !== this.node.port))
      throw new UselessConnectionError('The sentinels name another primary.');
  }
}

/** The section `replication` of INFO; empty if the Redis user has no permission for it. */
async function infoOf(client: NodeClient): Promise<string> {
  try {
    return await client.info('replication');
  } catch (error) {
    if (/^NOPERM|unknown command/.test((error as Error).message)) return '';
    throw error;
  }
}
