import type { StoreNode, StoreUrl } from '../store-url.js';
import { type ConnectedRedis, UselessConnectionError } from './connected-redis.js';
import { inTime } from './in-time.js';
import { type NodeClient, newNodeClient } from './redis.client.js';
import { Replicas } from './replicas.js';
import { Sentinels } from './sentinels.js';

/** Milliseconds that a connection may take with all that is asked on it first, and an answer of the server about itself. */
const PATIENCE = 1_500;

/** A primary: the one server that the URL names, or the one that the sentinels name. */
export class RedisPrimary implements ConnectedRedis {
  readonly reads: NodeClient;
  readonly writes: NodeClient;
  readonly #replicas: Replicas;

  private constructor(
    url: StoreUrl,
    private readonly node: StoreNode,
    private readonly sentinels: Sentinels | null,
    replicas: number,
    patience: number,
    onTrouble: (redis: RedisPrimary, error: Error) => void,
  ) {
    const { user, password, path, scheme } = url;
    const database = Number(path[sentinels ? 1 : 0] ?? 0);
    const newClient = () => {
      const client = newNodeClient(node, { user, password, database, isTls: scheme.startsWith('rediss') });
      return client.on('error', (error: Error) => onTrouble(this, error));
    };
    [this.reads, this.writes] = [newClient(), newClient()];
    this.#replicas = new Replicas(replicas, patience, (count, ms) =>
      this.writes.sendCommand(['WAIT', `${count}`, `${ms}`]),
    );
  }

  /**
   * Connects to what is the primary now. Of `replicas` at most is confirmed that they have a change, each time within
   * `patience` milliseconds. `onTrouble` hears of connections that break.
   */
  static async connect(
    url: StoreUrl,
    replicas: number,
    patience: number,
    onTrouble: (redis: RedisPrimary, error: Error) => void,
  ): Promise<RedisPrimary> {
    const sentinels = url.scheme.endsWith('-sentinel') ? new Sentinels(url) : null;
    let redis: RedisPrimary | null = null;
    try {
      const node = sentinels ? await sentinels.primary() : url.nodes[0]!;
      redis = new RedisPrimary(url, node, sentinels, replicas, patience, onTrouble);
      await inTime(redis.#connect(), PATIENCE);
      return redis;
    } catch (error) {
      redis?.destroy();
      sentinels?.close();
      throw error;
    }
  }

  async check(): Promise<void> {
    const [info] = await Promise.all([inTime(infoOf(this.reads), PATIENCE), this.#checkSentinels()]);
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

  /** Both connections lead to a primary: behind one address there may be two servers. */
  async #connect(): Promise<void> {
    await Promise.all([this.reads.connect(), this.writes.connect()]);
    for (const client of [this.reads, this.writes]) this.#note(await infoOf(client));
  }

  #note(info: string): void {
    if (/^role:slave/m.test(info))
      throw new UselessConnectionError('The server is a replica, which takes no writes.');
    this.#replicas.note(info);
  }

  /** While no sentinel answers, the primary is where it was. */
  async #checkSentinels(): Promise<void> {
    const named = await this.sentinels?.primary().catch(() => undefined);
    if (named && (named.host !== this.node.host || named.port !== this.node.port))
      throw new UselessConnectionError('The sentinels name another primary.');
  }
}

/** Empty where the user may not ask: then nobody knows whether it is a primary and what replicas there are. */
async function infoOf(client: NodeClient): Promise<string> {
  try {
    return await client.info('replication');
  } catch (error) {
    if (/^NOPERM|unknown command/.test((error as Error).message)) return '';
    throw error;
  }
}
