import type { HttpOptions } from './http-options.js';
import { isSafe } from '../../auth/request-checks.js';
import { type Headers, PRIVATE_HEADERS } from '../../http/private-headers.js';

const YEAR = 365 * 24 * 60 * 60;

/** With HTTPS, browsers are told to come by nothing else. */
const HTTPS_ONLY: Headers = [['Strict-Transport-Security', `max-age=${YEAR}; includeSubDomains`]];

/** What scripts of trusted origins may read beside the headers that CORS lets them read anyway. */
export const EXPOSED_HEADERS = [
  'Allow',
  'Link',
  'Next-Cursor',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
];

/** What every answer carries, be it the application's or, before that, the server's. */
export class AnswerHeaders {
  readonly #reading: Headers;
  readonly #changing: Headers;
  readonly #trusted: ReadonlySet<string>;

  constructor({ https, trustedOrigins }: Pick<HttpOptions, 'https' | 'trustedOrigins'>) {
    const fixed = https ? [...PRIVATE_HEADERS, ...HTTPS_ONLY] : PRIVATE_HEADERS;
    this.#reading = [...fixed, ['Vary', trustedOrigins.length > 0 ? 'Cookie, Origin' : 'Cookie']];
    this.#trusted = new Set(trustedOrigins);
    this.#changing = [...fixed, ['Vary', 'Cookie, Origin, Sec-Fetch-Site']];
  }

  /** By the method of the request, which is null where it cannot be read. */
  of(method: string | null): Headers {
    return method !== null && isSafe(method) ? this.#reading : this.#changing;
  }
  /** Lets scripts of an origin read an answer that is not the application's; empty for origins that are not trusted. */
  letRead(origin: string | undefined): Headers {
    if (origin === undefined || !this.#trusted.has(origin)) return [];
    return [
      ['Access-Control-Allow-Origin', origin],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Access-Control-Expose-Headers', EXPOSED_HEADERS.join(',')],
    ];
  }
}
