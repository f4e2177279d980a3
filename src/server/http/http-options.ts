import { TRUSTED_ORIGIN } from '../../auth/auth-rules.js';
import { SERVICE } from '../../factors/factors-options.js';
import { LONGEST_WAIT } from '../../common/duration.js';
import {
  type Given,
  type RulesOf,
  assignOptions,
  flag,
  integer,
  listOf,
  milliseconds,
  oneOf,
} from '../../common/options.js';
import { ADAPTERS, type AdapterType } from './new-adapter.js';
import { ALLOWED_HOST, PREFIX, TRUST_PROXY } from './http-rules.js';

export const MAX_CONNECTIONS = integer(1, 1_000_000);

const RULES: RulesOf<HttpOptions> = {
  adapter: oneOf(ADAPTERS),
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
  pages: flag,
  service: (name) => (name === null ? null : SERVICE(name)),
};

/** Options of the HTTP server. Throws `OptionsError` if a value is not valid. */
export class HttpOptions {
  /** The HTTP framework of Nest that serves. */
  readonly adapter: AdapterType = 'express';
  /** Path prefix of every route; empty for none. */
  readonly prefix: string = '/api/v1';
  /** The number of proxies in front of the server, or their addresses and networks. */
  readonly trustProxy: number | readonly string[] = 0;
  /** Other origins whose pages may send requests with the user's cookie. */
  readonly trustedOrigins: readonly string[] = [];
  /** Host names, addresses and patterns such as `*.example.com` to serve; empty for all, unless `loopbackHosts`. */
  readonly allowedHosts: readonly string[] = [];
  /** If true, serves only `localhost`, its sub-domains, loopback addresses and `allowedHosts`. */
  readonly loopbackHosts: boolean = false;
  /** Maximum number of open connections per process. Above it, an idle connection is closed, or else the new one. */
  readonly maxConnections: number = 10_000;
  /** Milliseconds that an idle connection stays open. Must be longer than the idle timeout of a load balancer. */
  readonly keepAliveTimeout: number = 75_000;
  /** Whether browsers use HTTPS only. Sends HSTS, and expects an `https` origin. */
  readonly https: boolean = true;
  /** Whether the response of a cross-site refusal explains it. For development; the log always explains it. */
  readonly explainRefusals: boolean = false;
  /** Whether to serve `/openapi.json` and `/docs`. */
  readonly docs: boolean = true;
  /** Whether to serve the pages for people at `/account`. They need a strategy with cookies. */
  readonly pages: boolean = false;
  /** The name of your service, which the pages show; null for none. */
  readonly service: string | null = null;

  constructor(options: Given<HttpOptions> = {}) {
    assignOptions(this, 'HttpOptions', options, RULES);
    if (this.prefix === '/') this.prefix = '';
  }
}
