import { domainToASCII } from 'node:url';
import { isIP } from 'node:net';
import { isLoopbackName, plainAddress } from '../../common/network.js';
import type { ClientMessage } from './node-server.js';

/** Describes what `isHostPattern` accepts. */
export const HOST_PATTERNS =
  'host names or addresses, such as app.example.com, app.example.com:8443, [2001:db8::1], or .example.com for a domain with ' +
  'its sub-domains and *.example.com for these alone';

/** A name, an IPv4 address or an IPv6 address in brackets, with an optional port. */
const HOST = /^(\[[\da-f:.]+\]|[^\s:/?#@[\]\\"<>^`{|}%,*]+)(?::(\d{0,5}))?$/i;

/** The authority of a request target in absolute form (RFC 9112, section 3.2.2). */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i;

interface Host {
  /** In lower case, without a trailing dot. Addresses in the form of RFC 5952. */
  readonly name: string;
  readonly port: number | null;
}

interface Pattern extends Host {
  readonly matches: 'host' | 'sub-domains' | 'both';
}

/**
 * Detects requests for a host that this server does not serve. This stops DNS rebinding: the browser treats the attacking
 * page as same-origin, and only the name in `Host` shows the attack.
 */
export class HostCheck {
  readonly #patterns: readonly Pattern[];
  readonly #isOff: boolean;
  /** The last host that was served, by whether HTTPS is used. Most requests have the same. */
  readonly #lastServed = new Map<boolean, string>();

  constructor(
    private readonly options: {
      readonly https: boolean;
      readonly allowedHosts: readonly string[];
      readonly loopbackHosts: boolean;
    },
  ) {
    this.#patterns = options.allowedHosts.flatMap((host) => patternOf(host) ?? []);
    this.#isOff = !options.loopbackHosts && options.allowedHosts.length === 0;
  }

  /** Whether the host of the request is missing or not served. Always false if every host is served. */
  refuses(request: ClientMessage): boolean {
    if (this.#isOff) return false;
    const target = ABSOLUTE.exec(request.url!)?.[1];
    const isHttps = this.options.https || request.protocol === 'https';
    return !this.#serves(request.host, isHttps) || (target !== undefined && !this.#serves(target, isHttps));
  }

  #serves(text: string | undefined, isHttps: boolean): boolean {
    if (text !== undefined && text === this.#lastServed.get(isHttps)) return true;
    const host = hostOf(text ?? '');
    if (!host || !this.#isServed(host, isHttps)) return false;
    this.#lastServed.set(isHttps, text!);
    return true;
  }

  #isServed(host: Host, isHttps: boolean): boolean {
    if (this.options.loopbackHosts && isLoopback(host.name)) return true;
    return this.#patterns.some(
      ({ name, port, matches }) =>
        (port === null || port === (host.port ?? (isHttps ? 443 : 80))) &&
        ((matches !== 'sub-domains' && host.name === name) ||
          (matches !== 'host' && host.name.endsWith(`.${name}`))),
    );
  }
}

export function isHostPattern(text: string): boolean {
  return patternOf(text) !== null;
}

/** Whether a name or an address is loopback: `localhost`, its sub-domains (RFC 6761), 127.0.0.0/8 or ::1. */
export function isLoopback(text: string): boolean {
  return isLoopbackName((hostOf(text) ?? { name: plainAddress(text) ?? '' }).name);
}

function patternOf(text: string): Pattern | null {
  const [, wildcard] = /^(\*\.|\.)/.exec(text) ?? [];
  const host = hostOf(isIP(text) === 6 ? `[${text}]` : text.slice(wildcard?.length ?? 0));
  if (!host || (wildcard !== undefined && isIP(host.name) !== 0)) return null;
  return { ...host, matches: wildcard === undefined ? 'host' : wildcard === '.' ? 'both' : 'sub-domains' };
}

function hostOf(text: string): Host | null {
  const [, written = '', digits = ''] = HOST.exec(text) ?? [];
  const port = digits === '' ? null : Number(digits);
  const name = written.startsWith('[')
    ? plainAddress(written)
    : domainToASCII(written.toLowerCase()).replace(/\.$/, '');
  return name && (port ?? 0) <= 65_535 ? { name, port } : null;
}
