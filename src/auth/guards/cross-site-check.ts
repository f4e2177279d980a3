import type { Request } from 'express';
import { DomainError, type Explanation } from '../../common/domain-error.js';
import { isSafe } from '../request-checks.js';

/** What browsers say of requests that no page of another origin has made. */
const OWN_SITES: ReadonlySet<unknown> = new Set(['same-origin', 'none', undefined]);

/** What `isOrigin` asks for. */
export const ORIGINS =
  'origins to the letter, such as https://app.example.com or capacitor://localhost: lower case, no path, no wildcard';

/** All that `Sec-Fetch-Site` can be (W3C Fetch Metadata). */
const SITES: ReadonlySet<unknown> = new Set(['same-origin', 'same-site', 'cross-site', 'none']);

/** The longest origin that an explanation shows, in characters: a host has at most 253. */
const LONGEST_SHOWN = 300;

/** What the check of an application goes by. */
export interface CrossSiteRules {
  /** Whether browsers reach the application by HTTPS, whatever the connection is: its own origin is one of HTTPS. */
  readonly https: boolean;
  readonly trustedOrigins: readonly string[];
}

/** The requests that a check in front of the application has let in. */
const checked = new WeakSet<Request>();

/**
 * Refuses requests that a page of another origin makes the browser of its visitor send. Only browsers say where a request
 * comes from, by `Origin` and `Sec-Fetch-Site`; other clients say neither, and carry no credential of somebody else.
 */
export class CrossSiteCheck {
  readonly #trusted: ReadonlySet<string>;

  constructor(private readonly rules: CrossSiteRules) {
    this.#trusted = new Set(rules.trustedOrigins);
  }

  /** Whether pages of an origin besides our own may call as their visitor. */
  trusts(origin: string | undefined): boolean {
    return origin !== undefined && this.#trusted.has(origin);
  }

  /** Throws `cross_site_request` for a request that may change something and comes from an origin that is not trusted. */
  check(request: Request): void {
    if (!this.isForeign(request) || checked.has(request)) return;
    throw new DomainError('cross_site_request', { explanation: this.#explain(request) });
  }

  /** As `check`, for all checks of the request to come: what `isHarmless` says of carries nothing that a page could use. */
  checkFirst(request: Request, isHarmless: () => boolean): void {
    if (isSafe(request.method)) return;
    if (!this.isForeign(request) || isHarmless()) checked.add(request);
    else this.check(request);
  }

  /** Whether a request may change something and comes from an origin that is not trusted. */
  protected isForeign(request: Request): boolean {
    if (isSafe(request.method)) return false;
    const { origin, 'sec-fetch-site': site } = request.headers;
    if (this.trusts(origin)) return false;
    return !OWN_SITES.has(site) || (origin !== undefined && origin !== this.#ownOrigin(request));
  }

  /** By what a request was refused, and which settings would admit it. */
  #explain(request: Request): Explanation {
    const { origin, 'sec-fetch-site': site } = request.headers;
    const facts = {
      origin: shown(origin, isShowable(origin)),
      fetchSite: shown(site, SITES.has(site)),
      expectedOrigin: shown(this.#ownOrigin(request) ?? undefined),
    };
    const own = facts.expectedOrigin ?? 'unknown, since the Host header cannot be read';
    return {
      facts,
      text:
        `The request came from the origin ${facts.origin ?? '(none sent)'} (Sec-Fetch-Site: ${facts.fetchSite ?? '(none sent)'}), ` +
        `and the origin of this server is ${own}, according to the Host header or a trusted proxy. ` +
        'If both are the same site, configure your proxy to send the host with its port in Host or X-Forwarded-Host and the scheme ' +
        'in X-Forwarded-Proto, and name the proxy in TRUST_PROXY. If a page of another of your origins sent it, add that ' +
        'origin to TRUSTED_ORIGINS.',
    };
  }

  /** Where the client has us, as far as `TRUST_PROXY` lets the proxy be believed; null where it does not say. */
  #ownOrigin({ secure, host }: Request): string | null {
    const url = `${this.rules.https || secure ? 'https' : 'http'}://${host}`;
    return URL.canParse(url) ? new URL(url).origin : null;
  }
}

/** A value for the log: null for none, and no word of what cannot have come from a browser. */
function shown(value: string | string[] | undefined, isProper = true): string | null {
  if (value === undefined) return null;
  return isProper && value.length <= LONGEST_SHOWN ? String(value) : '(not a value that browsers send)';
}

function isShowable(origin: string | undefined): boolean {
  return origin === 'null' || (origin !== undefined && isOrigin(origin));
}

/** Schemes whose pages have no origin that names them: browsers send `null`, or another origin. */
const WITHOUT_ORIGIN = /^(about|blob|data|file|filesystem|ftp|javascript|mailto|view-source|wss?):/;

/**
 * Whether a text is an origin to the letter, as browsers and web views send it: of the web, or of an application, such as
 * `capacitor://localhost` or `chrome-extension://<id>`.
 */
export function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z\d+.-]*:\/\/[\w.:[\]-]+$/i.test(text) || WITHOUT_ORIGIN.test(text) || !URL.canParse(text))
    return false;
  const { protocol, host } = new URL(text);
  return `${protocol}//${host}` === text;
}
