/** What the server needs to know of the network it stands in; each value left out is the one below. */
export class HttpOptions {
  /** In front of every route; empty for nothing. */
  readonly prefix: string = '/api/v1';
  /** How many proxies stand in front, or which networks they are in. */
  readonly trustProxy: number | readonly string[] = 0;
  /** Origins besides our own whose pages may call with the user's cookie. */
  readonly trustedOrigins: readonly string[] = [];
  /** How many connections each process keeps open; who connects beyond is hung up on. */
  readonly maxConnections: number = 10_000;
  /** Whether browsers come by HTTPS alone: they are told so (HSTS), and our own origin is one of HTTPS. */
  readonly https: boolean = true;
  /** Whether a cross-site refusal says in its answer what was expected. Meant for development; the log says it always. */
  readonly explainRefusals: boolean = false;
  /** Whether the API describes itself at `/openapi.json` and `/docs`. */
  readonly docs: boolean = true;

  constructor(options: Partial<HttpOptions> = {}) {
    Object.assign(this, options);
    const segments = this.prefix.split('/').filter((segment) => segment !== '');
    this.prefix = segments.map((segment) => `/${segment}`).join('');
  }
}
