import { TRUSTED_ORIGIN } from '../../auth/auth-rules.js';
import { LONGEST_WAIT } from '../../common/duration.js';
import {
  type Given,
  type RulesOf,
  assignOptions,
  flag,
  integer,
  listOf,
  milliseconds,
} from '../../common/options.js';
import { ALLOWED_HOST, PREFIX, TRUST_PROXY } from './http-rules.js';

export const MAX_CONNECTIONS = integer(1, 1_000_000);

const RULES: RulesOf<HttpOptions> = {
  prefix: (prefix) => (prefix === '' ? null : PREFIX(prefix)),
  trustProxy: TRUST_PROXY,
  trustedOrigins: listOf(TRUSTED_ORIGIN),
  allowedHosts: listOf(ALLOWED_HOST),
  loopbackHosts: flag,
  maxConnections: MAX_CONNECTIONS,
  keepAliveTimeout: milliseconds(LONGEST_WAIT),
  https: flag,
  explainRefusals: flag,
  docs: flag,
};

/** What the server needs to know of the network it stands in; each value left out is the one below. */
export class HttpOptions {
  /** In front of every route; empty for nothing. */
  readonly prefix: string = '/api/v1';
  /** How many proxies stand in front, or which networks they are in. */
  readonly trustProxy: number | readonly string[] = 0;
  /** Origins besides our own whose pages may call with the user's cookie. */
  readonly trustedOrigins: readonly string[] = [];
  /** Hosts that are served, of which `HOST_PATTERNS` says how they are written; empty for every host, unless `loopbackHosts`. */
  readonly allowedHosts: readonly string[] = [];
  /** Whether `localhost`, its sub-domains and loopback addresses are served, and of other hosts only `allowedHosts`. */
  readonly loopbackHosts: boolean = false;
  /** How many connections each process keeps open. A further one takes the place of an idle one, or is closed. */
  readonly maxConnections: number = 10_000;
  /** Milliseconds that a connection is kept for its next request: longer than a load balancer keeps it idle. */
  readonly keepAliveTimeout: number = 75_000;
  /** Whether browsers come by HTTPS alone: they are told so (HSTS), and our own origin is one of HTTPS. */
  readonly https: boolean = true;
  /** Whether a cross-site refusal says in its answer what was expected. Meant for development; the log says it always. */
  readonly explainRefusals: boolean = false;
  /** Whether the API describes itself at `/openapi.json` and `/docs`. */
  readonly docs: boolean = true;

  constructor(options: Given<HttpOptions> = {}) {
    assignOptions(this, 'HttpOptions', options, RULES);
    if (this.prefix === '/') this.prefix = '';
  }
}
