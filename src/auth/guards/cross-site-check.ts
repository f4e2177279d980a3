import { DomainError, type Explanation } from '../../common/domain-error.js';
import type { Exchange } from '../exchange/exchange.js';

/** The values of `Sec-Fetch-Site` for requests that no page of another origin sent. */
const OWN_SITES: ReadonlySet<unknown> = new Set(['same-origin', 'none', undefined]);

/** What `isOrigin` accepts, for error messages. */
export const ORIGINS =
  'origins to the letter, such as https://app.example.com or capacitor://localhost: lower case, no path, no wildcard';

/** All values of `Sec-Fetch-Site` (W3C Fetch Metadata). */
const SITES: ReadonlySet<unknown> = new Set(['same-origin', 'same-site', 'cross-site', 'none']);

/** The longest origin that an explanation shows, in characters: a host has at most 253. */
const LONGEST_SHOWN = 300;

/** The configuration of the check. */
export interface CrossSiteRules {
  /** Whether the own origin always has the scheme `https`, even if a proxy connects over HTTP. */
  readonly https: boolean;
  readonly trustedOrigins: readonly string[];
}

/**
 * Refuses requests that a page of another origin makes its visitor's browser send. Browsers send `Origin` and
 * `Sec-Fetch-Site`. A client that sends neither is not a browser, and carries only its own credentials.
 */
export class CrossSiteCheck {
  readonly #trusted: ReadonlySet<string>;

  constructor(private readonly rules: CrossSiteRules) {
    this.#trusted = new Set(rules.trustedOrigins);
  }

  /** Whether an origin is one of `trustedOrigins`. */
  trusts(origin: string | undefined): boolean {
    return origin !== undefined && this.#trusted.has(origin);
  }

  /** Throws `cross_site_request` for an unsafe method from an origin that is not trusted. */
  check(exchange: Exchange): void {
    if (!this.isForeign(exchange) || exchange.isFromOwnSite) return;
    throw new DomainError('cross_site_request', { explanation: this.#explain(exchange) });
  }

  /** Like `check`, for all later checks of the request too. Admits a foreign request for which `isHarmless` returns true. */
  checkFirst(exchange: Exchange, isHarmless: () => boolean): void {
    if (exchange.isSafe) return;
    if (!this.isForeign(exchange) || isHarmless()) exchange.isFromOwnSite = true;
    else this.check(exchange);
  }

  /** Whether a request has an unsafe method and comes from an origin that is not trusted. */
  protected isForeign(exchange: Exchange): boolean {
    if (exchange.isSafe) return false;
    const { origin, 'sec-fetch-site': site } = exchange.message.headers;
    if (this.trusts(origin)) return false;
    return !OWN_SITES.has(site) || (origin !== undefined && origin !== this.#ownOrigin(exchange));
  }

  /** Why a request was refused, and which settings would admit it. */
  #explain(exchange: Exchange): Explanation {
    const { origin, 'sec-fetch-site': site } = exchange.message.headers;
    const facts = {
      origin: shown(origin, isShowable(origin)),
      fetchSite: shown(site, SITES.has(site)),
      expectedOrigin: shown(this.#ownOrigin(exchange) ?? undefined),
    };
    const isHttp = this.rules.https && !exchange.authRequest.isSecure && facts.origin?.startsWith('http://');
    const own = facts.expectedOrigin ?? 'unknown, since the Host header cannot be read';
    return {
      facts,
      text:
        `The request came from the origin ${facts.origin ?? '(none sent)'} (Sec-Fetch-Site: ${facts.fetchSite ?? '(none sent)'}), ` +
        `and the origin of this server is ${own}, according to the Host header or a trusted proxy. ` +
        (isHttp
          ? 'The request came over HTTP, but the cookie is Secure, so the origin of this server has the scheme https. ' +
            "For plain HTTP in development, set the option `cookie: { name: 'sid', secure: false }` of the imported module. "
          : '') +
        'If both are the same site, configure your proxy to send the host with its port in Host or X-Forwarded-Host and the scheme ' +
        'in X-Forwarded-Proto, and trust the proxy: name it in TRUST_PROXY, or in `trust proxy` of an application that imports ' +
        'Coatcheck. If a page of another of your origins sent it, add that origin to TRUSTED_ORIGINS, or to the option ' +
        '`trustedOrigins` of the imported module.',
    };
  }

  /** The origin that the client called, also behind a proxy that `trust proxy` names; null without a valid host. */
  #ownOrigin({ authRequest }: Exchange): string | null {
    return this.rules.https ? authRequest.originWith('https') : authRequest.origin;
  }
}

/** A value for the log; null for none. A value that browsers never send is not shown. */
function shown(value: string | string[] | undefined, isProper = true): string | null {
  if (value === undefined) return null;
  return isProper && value.length <= LONGEST_SHOWN ? String(value) : '(not a value that browsers send)';
}

function isShowable(origin: string | undefined): boolean {
  return origin === 'null' || (origin !== undefined && isOrigin(origin));
}

/** Schemes whose pages have no origin of their own: browsers send `null`, or another origin. */
const WITHOUT_ORIGIN = /^(about|blob|data|file|filesystem|ftp|javascript|mailto|view-source|wss?):/;

/**
 * Whether a text is an origin exactly as browsers and web views send it: of a website, or of an application, such as
 * `capacitor://localhost` or `chrome-extension://<id>`.
 */
export function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z\d+.-]*:\/\/[\w.:[\]-]+$/i.test(text) || WITHOUT_ORIGIN.test(text) || !URL.canParse(text))
    return false;
  const { protocol, host } = new URL(text);
  return `${protocol}//${host}` === text;
}
