import { Inject, Injectable } from '@nestjs/common';
import { type CookieSerializeOptions, serialize } from 'cookie';
import cookieParser from 'cookie-parser';
import { fromNow } from '../../common/clock.js';
import type { SessionToken } from '../../sessions/session-token.js';
import type { AuthRequest } from '../auth-request.js';
import { AuthOptions } from '../auth-options.js';
import { LONGEST_COOKIE } from '../auth-rules.js';
import { type ResponseHeaders, valuesOf } from '../exchange/response-headers.js';
import { headerOf } from '../header-of.js';
import { TokenCarrier } from './token-carrier.js';

/** Reads cookies without percent-decoding. */
const parseCookies = cookieParser(undefined, { decode: (raw: string) => raw });

/** When a cookie expired that the client should forget. */
const LONG_AGO = new Date(1);

/** A value that every parser of cookies reads as it was sent. `cookie-parser` decides about any other. */
const PLAIN = /^[\w.-]+$/;

/** The cookie that carries a session token. Scripts cannot read it (`HttpOnly`). */
@Injectable()
export class CookieCarrier extends TokenCarrier {
  readonly transport = 'cookie';
  readonly #name: string;
  readonly #attributes: CookieSerializeOptions;

  constructor(@Inject(AuthOptions) { cookie }: Pick<AuthOptions, 'cookie'>) {
    super();
    this.#name = cookie.name;
    const { name: _, domain, ...attributes } = cookie;
    this.#attributes = { ...attributes, httpOnly: true, ...(domain !== null && { domain }) };
  }

  /** The token in the cookie; null without a cookie, and '' for a value or a number of cookies that we never set. */
  read(request: AuthRequest): string | null {
    const header = headerOf(request, 'cookie');
    if (header === '') return null;
    const [pair, ...others] = this.#sent(header);
    if (pair === undefined) return null;
    const text = pair.trim();
    const value = text.slice(this.#name.length + 1);
    const isPlain =
      (pair === text || pair === ` ${text}`) && text === `${this.#name}=${value}` && PLAIN.test(value);
    return others.length === 0 && (isPlain || parsed(header)[this.#name] === value) ? value : '';
  }

  /** Sets the cookie, for at most 400 days. */
  handOut(response: ResponseHeaders, token: Pick<SessionToken, 'reveal'>, maxAge: number | null): null {
    this.#set(response, token.reveal(), maxAge === null ? {} : lifetimeOf(Math.min(maxAge, LONGEST_COOKIE)));
    return null;
  }

  takeBack(response: ResponseHeaders): void {
    this.#set(response, '', { expires: LONG_AGO });
  }

  /** Sets our cookie in the place of one that the response has, because it must not set one name twice (RFC 6265, section 4.1.1). */
  #set(response: ResponseHeaders, value: string, limit: CookieSerializeOptions): void {
    const all = valuesOf(response, 'Set-Cookie');
    const others = all.filter((cookie) => !cookie.startsWith(`${this.#name}=`));
    if (others.length < all.length) response.setHeader('Set-Cookie', others);
    response.appendHeader('Set-Cookie', serialize(this.#name, value, { ...this.#attributes, ...limit }));
  }

  /** The cookies of our name as they were sent, with blanks, quotes and prefixes. */
  #sent(header: string): string[] {
    return header.split(';').filter((pair) => {
      const end = pair.indexOf('=');
      return end >= 0 && pair.slice(0, end).trim() === this.#name;
    });
  }
}

/** `Expires` is for clients that do not know `Max-Age`. */
function lifetimeOf(milliseconds: number): CookieSerializeOptions {
  return { maxAge: Math.floor(milliseconds / 1000), expires: fromNow(milliseconds) };
}

/** The cookies of a header by name. */
function parsed(cookie: string): Readonly<Record<string, unknown>> {
  type Parameters = globalThis.Parameters<typeof parseCookies>;
  const request = { headers: { cookie } } as Parameters[0];
  parseCookies(request, undefined as unknown as Parameters[1], () => {});
  return request.cookies as Readonly<Record<string, unknown>>;
}
