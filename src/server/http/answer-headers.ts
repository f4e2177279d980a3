import type { HttpOptions } from './http-options.js';
import { isSafe } from '../../auth/request-checks.js';
import { type Headers, PRIVATE_HEADERS } from '../../http/private-headers.js';
import { CommonHeaders } from './server-response.js';

const YEAR = 365 * 24 * 60 * 60;

/** HSTS: browsers must use HTTPS for a year. */
const HTTPS_ONLY: Headers = [['Strict-Transport-Security', `max-age=${YEAR}; includeSubDomains`]];

/** Response headers that CORS exposes to scripts of trusted origins. */
export const EXPOSED_HEADERS = [
  'Allow',
  'Link',
  'Next-Cursor',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
];

/** The headers of every response, both of the application and of the HTTP server. */
export class AnswerHeaders {
  readonly #reading: CommonHeaders;
  readonly #changing: CommonHeaders;
  readonly #trusted: ReadonlySet<string>;

  constructor({ https, trustedOrigins }: Pick<HttpOptions, 'https' | 'trustedOrigins'>) {
    const fixed = https ? [...PRIVATE_HEADERS, ...HTTPS_ONLY] : PRIVATE_HEADERS;
    const vary = trustedOrigins.length > 0 ? 'Cookie, Origin' : 'Cookie';
    this.#reading = new CommonHeaders([...fixed, ['Vary', vary]]);
    this.#trusted = new Set(trustedOrigins);
    this.#changing = new CommonHeaders([...fixed, ['Vary', 'Cookie, Origin, Sec-Fetch-Site']]);
  }

  /** The headers of a response. `method` is null if the request could not be parsed. */
  of(method: string | null): CommonHeaders {
    return method !== null && isSafe(method) ? this.#reading : this.#changing;
  }

  /** CORS headers for a response of the HTTP server; empty if the origin is not trusted. */
  letRead(origin: string | undefined): Headers {
    if (origin === undefined || !this.#trusted.has(origin)) return [];
    return [
      ['Access-Control-Allow-Origin', origin],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Access-Control-Expose-Headers', EXPOSED_HEADERS.join(',')],
    ];
  }
}
