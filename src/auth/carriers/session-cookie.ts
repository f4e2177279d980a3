import { Injectable } from '@nestjs/common';
import cookieParser from 'cookie-parser';
import type { CookieOptions, Request, Response } from 'express';
import type { SessionToken } from '../../sessions/session-token.js';
import { AuthOptions } from '../auth-options.js';
import { LONGEST_COOKIE } from '../auth-rules.js';

/** Reads cookies as they were sent: a token is never percent-decoded. */
const parseCookies = cookieParser(undefined, { decode: (raw: string) => raw });

/** The cookie that carries a token: readable by no script, sent along by no other site's form. */
@Injectable()
export class SessionCookie {
  readonly #name: string;
  readonly #attributes: CookieOptions;

  constructor({ cookie }: AuthOptions) {
    this.#name = cookie.name;
    const { name: _, domain, ...attributes } = cookie;
    this.#attributes = { ...attributes, httpOnly: true, ...(domain !== null && { domain }) };
  }

  /** What the client sent under our name; null for nothing, and '' for what no server of ours can have set. */
  read(request: Request): string | null {
    const [sent, ...others] = this.#sent(request.headers.cookie ?? '');
    if (sent === undefined) return null;
    parseCookies(request, undefined as unknown as Response, () => {});
    return others.length === 0 && request.cookies[this.#name] === sent ? sent : '';
  }

  /** Until the browser is closed, or for so many milliseconds, as far as browsers go. */
  write(response: Response, token: SessionToken, maxAge: number | null): void {
    const limit = maxAge === null ? {} : { maxAge: Math.min(maxAge, LONGEST_COOKIE) };
    this.#withdraw(response);
    response.cookie(this.#name, token.reveal(), { ...this.#attributes, ...limit });
  }

  clear(response: Response): void {
    this.#withdraw(response);
    response.clearCookie(this.#name, this.#attributes);
  }

  /** Unsays what the answer had of our cookie: no two of a name go out (RFC 6265, section 4.1.1). */
  #withdraw(response: Response): void {
    const said = [response.getHeader('Set-Cookie') ?? []].flat().map(String);
    const others = said.filter((cookie) => !cookie.startsWith(`${this.#name}=`));
    if (others.length < said.length) response.setHeader('Set-Cookie', others);
  }

  /** The values under our name, to the letter: neither quotes nor blanks nor prefixes of conventions are undone. */
  #sent(header: string): string[] {
    return header
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.includes('=') && pair.split('=', 1)[0]?.trim() === this.#name)
      .map((pair) => pair.slice(this.#name.length + 1));
  }
}
