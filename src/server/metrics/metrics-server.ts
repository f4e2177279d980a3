import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { Registry } from 'prom-client';
import { listeningUrl } from '../listening-url.js';

/** Where metrics are served. */
export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

const LIMITS = { headersTimeout: 5_000, requestTimeout: 5_000, keepAliveTimeout: 75_000, maxConnections: 32 };

const PATH = '/metrics';

/** Serves `GET /metrics` and nothing else, without authentication. */
export class MetricsServer {
  readonly #logger = new Logger('Metrics');
  #scrape: Promise<string> | null = null;

  private constructor(
    private readonly server: Server,
    private readonly read: () => Promise<string>,
  ) {
    Object.assign(server, LIMITS);
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  /** `read` returns the text of a scrape, or rejects if there is none; several scrapers at once share one. */
  static async listen({ host, port }: MetricsAddress, read: () => Promise<string>): Promise<MetricsServer> {
    const server = createServer();
    const metrics = new MetricsServer(server, read);
    try {
      await once(server.listen(port, host), 'listening');
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      const advice = code === 'EADDRINUSE' ? '. Choose another METRICS_PORT' : '';
      throw new Error(`Cannot listen at METRICS_HOST and METRICS_PORT: ${message}${advice}`, {
        cause: error,
      });
    }
    return metrics;
  }

  get url(): string {
    return listeningUrl(this.server.address() as AddressInfo) + PATH;
  }

  /** Closes the port at once. */
  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const [path] = request.url!.split('?', 1);
    if (path !== PATH) response.writeHead(404).end();
    else if (request.method !== 'GET') response.writeHead(405, { Allow: 'GET' }).end();
    else await this.#answerScrape(response);
  }

  async #answerScrape(response: ServerResponse): Promise<void> {
    try {
      const text = await this.#sharedScrape();
      response.writeHead(200, {
        'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE,
        'Cache-Control': 'no-store',
      });
      response.end(text);
    } catch (error) {
      this.#logger.warn(`No metrics: ${error instanceof Error ? error.message : String(error)}`);
      response.writeHead(503).end();
    }
  }

  #sharedScrape(): Promise<string> {
    this.#scrape ??= this.read().finally(() => (this.#scrape = null));
    return this.#scrape;
  }
}
