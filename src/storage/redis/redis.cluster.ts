import type { StoreUrl } from '../store-url.js';
import { type ConnectedRedis, UselessConnectionError } from './connected-redis.js';
import { inTime } from './in-time.js';
import { type ClusterClient, type NodeClient, newClusterClient } from './redis.client.js';
import { Replicas } from './replicas.js';

/** Milliseconds that a node may take for an answer about itself. */
const PATIENCE = 1_000;

/** Milliseconds for which new connections are given a chance before they are replaced because of one node. */
const TRIAL = 1_000;

/** Milliseconds that answers which are due still have when the connections are replaced because of one node. */
const GRACE = 1_000;

/** All primaries of a cluster. Its client finds slots that were moved; a primary that has died it does not. */
export class RedisCluster implements ConnectedRedis {
  readonly reads: ClusterClient;
  readonly writes: ClusterClient;
  readonly #replicas = new WeakMap<NodeClient, Replicas>();
  readonly #since = performance.now();
  #trouble: Error | null = null;

  private constructor(
    url: StoreUrl,
    private readonly most: number,
    private readonly patience: number,
  ) {
    const newClient = () => newClusterClient(url).on('error', (error: Error) => (this.#trouble = error));
    [this.reads, this.writes] = [newClient(), newClient()];
  }

  /** Connects; `replicas` and `patience` are those of `RedisPrimary`. */
  static async connect(url: StoreUrl, replicas: number, patience: number): Promise<RedisCluster> {
    const redis = new RedisCluster(url, replicas, patience);
    try {
      await inTime(Promise.all([redis.reads.connect(), redis.writes.connect()]), PATIENCE);
      // One primary that does not answer keeps nobody from the others.
      await redis.#checkAll().catch(() => {});
      return redis;
    } catch (error) {
      redis.#destroyNow();
      throw redis.#trouble ?? error;
    }
  }

  /** Asks every primary: one that does not answer may have been replaced, and the others know by what. */
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
      const client = await inTime(this.writes.nodeClient(node), PATIENCE);
      const info = await inTime(client.info('replication'), PATIENCE);
      this.#replicasOf(client).note(info);
    } catch (cause) {
      throw new UselessConnectionError(`The primary at ${node.address} does not answer.`, { cause });
    }
  }

  #replicasOf(client: NodeClient): Replicas {
    const known = this.#replicas.get(client);
    if (known) return known;
    const replicas = new Replicas(this.most, this.patience, (count, ms) =>
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
