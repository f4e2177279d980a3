import { randomBytes } from 'node:crypto';
import type { AuthOptions } from '../auth/auth-options.js';
import { CookieCarrier } from '../auth/carriers/cookie-carrier.js';
import type { Exchange } from '../auth/exchange/exchange.js';
import type { Transport } from '../sessions/session.js';

/** 32 random bytes, base64url. */
const TOKEN = /^[\w-]{43}$/;

/** Binds a sign-in with a passkey to the browser that began it: by a cookie, or by a token for clients without cookies. */
export class PasskeySignIns {
  readonly #cookie: CookieCarrier;

  /** `validFor` in milliseconds. */
  constructor(
    { cookie }: AuthOptions,
    private readonly validFor: number,
  ) {
    this.#cookie = new CookieCarrier({ cookie: { ...cookie, name: `${cookie.name}_passkey` } });
  }

  /** Begins a sign-in. Returns its place, and the token that the body of the response must contain; null with a cookie. */
  begin(
    transport: Transport,
    { headers }: Exchange,
  ): { readonly place: string; readonly token: string | null } {
    const token = randomBytes(32).toString('base64url');
    const place = placeOf(token);
    if (transport === 'bearer') return { place, token };
    this.#cookie.handOut(headers, { reveal: () => token }, this.validFor);
    return { place, token: null };
  }

  /** The place of the sign-in that a request continues; null if it continues none. */
  placeOf(transport: Transport, given: string | null, { authRequest, headers }: Exchange): string | null {
    const token = transport === 'bearer' ? given : this.#cookie.read(authRequest);
    if (transport === 'cookie') this.#cookie.takeBack(headers);
    return token !== null && TOKEN.test(token) ? placeOf(token) : null;
  }
}

function placeOf(token: string): string {
  return `sign-in ${token}`;
}
