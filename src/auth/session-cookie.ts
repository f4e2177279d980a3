import { Injectable } from '@nestjs/common';
import cookieParser from 'cookie-parser';
import type { CookieOptions, Request, Response } from 'express';
import type { SessionToken } from '../sessions/session-token.js';
import { AuthOptions } from './auth-options.js';

/** Reads cookies as they were sent: a ticket is never percent-decoded. */
const parseCookies = cookieParser(undefined, { decode: (raw: string) => raw });

/** The cookie that carries a ticket: readable by no script, sent along by no other site's form. */
@Injectable()
export class SessionCookie {
  readonly #name: string;
  readonly #attributes: CookieOptions;

  constructor({ cookie }: AuthOptions) {
    this.#name = cookie.name;
    this.#attributes = { path: '/', httpOnly: true, sameSite: 'lax', secure: cookie.secure };
  }

  /** What the client sent under our name; null for nothing, and '' for what no server of ours can have set. */
  read(request: Request): string | null {
    const header = request.headers.cookie;
    if (header === undefined) return null;
    const sent = header.split(';').filter((pair) => this.#isOurs(pair)).length;
    if (sent === 0) return null;
    parseCookies(request, undefined as unknown as Response, () => {});
    const value: unknown = request.cookies[this.#name];
    return sent === 1 && typeof value === 'string' ? value : '';
  }

  write(response: Response, token: SessionToken): void {
    response.cookie(this.#name, token.reveal(), this.#attributes);
  }

  clear(response: Response): void {
    response.clearCookie(this.#name, this.#attributes);
  }

  #isOurs(pair: string): boolean {
    const [name = ''] = pair.split('=', 1);
    return name.trim() === this.#name && pair.includes('=');
  }
}
