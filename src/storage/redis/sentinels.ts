import type { StoreNode, StoreUrl } from '../store-url.js';
import { inTime } from './in-time.js';
import { type NodeClient, newNodeClient } from './redis.client.js';

const SENTINEL_PORT = 26_379;

/** Milliseconds to wait for a sentinel before the next one is tried. */
const SENTINEL_TIMEOUT = 1_000;

/** Queries the sentinels of a service in turn, beginning with the last one that answered. */
export class Sentinels {
  readonly #nodes: StoreNode[];
  #client: NodeClient | null = null;

  constructor(private readonly url: StoreUrl) {
    this.#nodes = [...url.nodes];
  }

  /** The address of the primary. Throws with the error of each sentinel if none names it. */
  async primary(): Promise<StoreNode> {
    const failures: string[] = [];
    for (const node of this.#nodes.slice()) {
      try {
        const client = (this.#client ??= await this.#connect(node));
        const answer = await inTime(this.#query(client), SENTINEL_TIMEOUT);
        if (answer !== null) return { host: answer[0], port: Number(answer[1]) };
        failures.push(`${node.host}: knows no service of this name`);
      } catch (error) {
        failures.push(`${node.host}: ${(error as Error).message}`);
      }
      this.close();
      this.#nodes.push(this.#nodes.shift()!);
    }
    throw new Error(`No sentinel names the primary (${failures.join('; ')}).`);
  }

  close(): void {
    this.#client?.destroy();
    this.#client = null;
  }

  #query(client: NodeClient): Promise<[string, string] | null> {
    const [service = ''] = this.url.path;
    return client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', service]);
  }

  async #connect(node: StoreNode): Promise<NodeClient> {
    const { scheme, parameters } = this.url;
    const user = parameters.get('sentinel_username') ?? '';
    const password = parameters.get('sentinel_password') ?? '';
    const client = newNodeClient(node, { user, password, isTls: scheme.startsWith('rediss') }, SENTINEL_PORT);
    client.on('error', () => {});
    try {
      await inTime(client.connect(), SENTINEL_TIMEOUT);
      return client;
    } catch (error) {
      client.destroy();
      throw error;
    }
  }
}
