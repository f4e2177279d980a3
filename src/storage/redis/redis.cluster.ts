import type { StoreUrl } from '../store-url.js';
import { type ConnectedRedis, UselessConnectionError } from './connected-redis.js';
import { inTime } from './in-time.js';
import { type ClusterClient, type NodeClient, newClusterClient } from './redis.client.js';
import { Replicas } from './replicas.js';

/** Milliseconds to connect to a node, and to get its replication state. */
const NODE_TIMEOUT = 1_000;

/** Milliseconds after the connect in which one failing node does not replace the connections. */
const TRIAL = 1_000;

/** Milliseconds for pending commands before replaced connections are closed. */
const GRACE = 1_000;

/** Connections to all primaries of a cluster. The client follows moved slots, but does not notice a dead primary. */
export class RedisCluster implements ConnectedRedis {
  readonly reads: ClusterClient;
  readonly writes: ClusterClient;
  readonly #replicas = new WeakMap<NodeClient, Replicas>();
  readonly #since = performance.now();
  #trouble: Error | null = null;

  private constructor(
    url: StoreUrl,
    private readonly most: number,
    private readonly waitTimeout: number,
  ) {
    const newClient = () => newClusterClient(url).on('error', (error: Error) => (this.#trouble = error));
    [this.reads, this.writes] = [newClient(), newClient()];
  }

  /** Connects; `replicas` and `waitTimeout` are those of `RedisPrimary`. */
  static async connect(url: StoreUrl, replicas: number, waitTimeout: number): Promise<RedisCluster> {
    const redis = new RedisCluster(url, replicas, waitTimeout);
    try {
      await inTime(Promise.all([redis.reads.connect(), redis.writes.connect()]), NODE_TIMEOUT);
      // A primary that does not answer must not block the others.
      await redis.#checkAll().catch(() => {});
      return redis;
    } catch (error) {
      redis.#destroyNow();
      throw redis.#trouble ?? error;
    }
  }

  /** Rejects if a primary does not answer: it may have been replaced, and new connections find its successor. */
  async check(): Promise<void> {
    if (performance.now() - this.#since > TRIAL) await this.#checkAll();
  }

  async confirm(key: string): Promise<void> {
    const client = await this.writes.getNodeClientForKey(key, false);
    await this.#replicas.get(client)?.confirm();
  }

  destroy(): void {
    setTimeout(() => this.#destroyNow(), GRACE).unref();
  }

  async #checkAll(): Promise<void> {
    const checks = this.writes.masters.map((node) => this.#checkNode(node));
    for (const outcome of await Promise.allSettled(checks)) {
      if (outcome.status === 'rejected') throw outcome.reason;
    }
  }

  async #checkNode(node: ClusterClient['masters'][number]): Promise<void> {
    try {
      const client = await inTime(this.writes.nodeClient(node), NODE_TIMEOUT);
      const info = await inTime(client.info('replication'), NODE_TIMEOUT);
      this.#replicasOf(client).note(info);
    } catch (cause) {
      throw new UselessConnectionError(`The primary at ${node.address} does not answer.`, { cause });
    }
  }

  #replicasOf(client: NodeClient): Replicas {
    const known = this.#replicas.get(client);
    if (known) return known;
    const replicas = new Replicas(this.most, this.waitTimeout, (count, ms) =>
      client.sendCommand(['WAIT', `${count}`, `${ms}`]),
    );
    this.#replicas.set(client, replicas);
    return replicas;
  }

  #destroyNow(): void {
    this.reads.destroy();
    this.writes.destroy();
  }
}
