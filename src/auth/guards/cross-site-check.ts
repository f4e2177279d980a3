import type { Request } from 'express';
import type { Explanation } from '../../common/domain-error.js';
import type { Dialect } from '../../http/dialect.js';
import { isSafe, needsPreflight } from '../request-checks.js';

/** What browsers say of requests that no page of another origin has made. */
const OWN_SITES: ReadonlySet<unknown> = new Set(['same-origin', 'none', undefined]);

/** What `isOrigin` asks for. */
export const ORIGINS =
  'origins to the letter, such as https://app.example.com or capacitor://localhost: lower case, no path, no wildcard';

/** All that `Sec-Fetch-Site` can be (W3C Fetch Metadata). */
const SITES: ReadonlySet<unknown> = new Set(['same-origin', 'same-site', 'cross-site', 'none']);

/** The longest origin that an explanation shows, in characters: a host has at most 253. */
const LONGEST_SHOWN = 300;

/**
 * Tells the requests that a page of another origin makes its visitor's browser send. Only browsers say where a request
 * comes from, by `Origin` and `Sec-Fetch-Site`; from who says neither, as servers do and curl, there is nothing to fear.
 */
export class CrossSiteCheck {
  readonly #trusted: ReadonlySet<string>;

  constructor(
    private readonly options: { readonly https: boolean; readonly trustedOrigins: readonly string[] },
    private readonly dialect: Pick<Dialect, 'openToOrigins'>,
    /** Whether a request carries nothing that another site could use. */
    private readonly isHarmless: (request: Request) => boolean,
  ) {
    if (!options.trustedOrigins.every(isOrigin)) throw new Error(`trustedOrigins must be ${ORIGINS}.`);
    this.#trusted = new Set(options.trustedOrigins);
  }

  /** Whether pages of an origin besides our own may call as their visitor. */
  trusts(origin: string | undefined): boolean {
    return origin !== undefined && this.#trusted.has(origin);
  }

  /** Whether what is asked may change something, and neither we nor an origin that we trust have asked. */
  refuses(request: Request): boolean {
    if (isSafe(request.method)) return false;
    const { origin, 'sec-fetch-site': site } = request.headers;
    if (this.trusts(origin)) return false;
    const isOurs = OWN_SITES.has(site) && (origin === undefined || origin === this.#ownOrigin(request));
    if (isOurs || (this.dialect.openToOrigins && needsPreflight(request))) return false;
    return !this.isHarmless(request);
  }

  /** By what a request was refused, and which settings would admit it. */
  explain(request: Request): Explanation {
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
        `and the origin of this server is ${own}, by the Host header or by what a trusted proxy says. ` +
        'If both are the same site, have your proxy send the host with its port in Host or X-Forwarded-Host and the scheme ' +
        'in X-Forwarded-Proto, and name the proxy in TRUST_PROXY. If a page of another origin of yours sent it, add that ' +
        'origin to TRUSTED_ORIGINS.',
    };
  }

  /** Where the client has us, as far as `TRUST_PROXY` lets the proxy be believed; null where it does not say. */
  #ownOrigin({ secure, host }: Request): string | null {
    const url = `${this.options.https || secure ? 'https' : 'http'}://${host}`;
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
