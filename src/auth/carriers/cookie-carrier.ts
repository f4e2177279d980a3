import { Injectable } from '@nestjs/common';
import cookieParser from 'cookie-parser';
import type { CookieOptions, Request, Response } from 'express';
import type { SessionToken } from '../../sessions/session-token.js';
import type { AuthRequest } from '../auth-request.js';
import { AuthOptions } from '../auth-options.js';
import { LONGEST_COOKIE } from '../auth-rules.js';
import { headerOf } from '../header-of.js';
import { TokenCarrier } from './token-carrier.js';

/** Reads cookies without percent-decoding. */
const parseCookies = cookieParser(undefined, { decode: (raw: string) => raw });

/** The cookie that carries a session token. Scripts cannot read it (`HttpOnly`). */
@Injectable()
export class CookieCarrier extends TokenCarrier {
  readonly transport = 'cookie';
  readonly #name: string;
  readonly #attributes: CookieOptions;

  constructor({ cookie }: AuthOptions) {
    super();
    this.#name = cookie.name;
    const { name: _, domain, ...attributes } = cookie;
    this.#attributes = { ...attributes, httpOnly: true, ...(domain !== null && { domain }) };
  }

  /** The token in the cookie; null without a cookie, and '' for a value or a number of cookies that we never set. */
  read(request: AuthRequest): string | null {
    const header = headerOf(request, 'cookie');
    const [sent, ...others] = this.#sent(header);
    if (sent === undefined) return null;
    return others.length === 0 && parsed(header)[this.#name] === sent ? sent : '';
  }

  /** Sets the cookie, for at most 400 days. */
  handOut(response: Response, token: SessionToken, maxAge: number | null): null {
    const limit = maxAge === null ? {} : { maxAge: Math.min(maxAge, LONGEST_COOKIE) };
    this.#withdraw(response);
    response.cookie(this.#name, token.reveal(), { ...this.#attributes, ...limit });
    return null;
  }

  takeBack(response: Response): void {
    this.#withdraw(response);
    response.clearCookie(this.#name, this.#attributes);
  }

  /** Removes our cookie from the response, which must not set one name twice (RFC 6265, section 4.1.1). */
  #withdraw(response: Response): void {
    const all = [response.getHeader('Set-Cookie') ?? []].flat().map(String);
    const others = all.filter((cookie) => !cookie.startsWith(`${this.#name}=`));
    if (others.length < all.length) response.setHeader('Set-Cookie', others);
  }

  /** The raw values of all cookies of our name, with their quotes and prefixes. */
  #sent(header: string): string[] {
    return header
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.includes('=') && pair.split('=', 1)[0]?.trim() === this.#name)
      .map((pair) => pair.slice(this.#name.length + 1));
  }
}

/** The cookies of a header by name. */
function parsed(cookie: string): Readonly<Record<string, unknown>> {
  const request = { headers: { cookie } } as Request;
  parseCookies(request, undefined as unknown as Response, () => {});
  return request.cookies as Readonly<Record<string, unknown>>;
}
