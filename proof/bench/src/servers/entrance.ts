import { randomBytes } from 'node:crypto';
import { HOST } from '../peers/environment.js';
import { PASSWORD } from '../peers/people.js';
import { demand } from './http.js';

/** The header by which a request proves whose it is. */
export interface Credential {
  readonly name: string;
  readonly value: string;
}

/** How people get in and out of a server. */
export interface Entrance {
  /** Makes an account; null where they are there from the start. */
  readonly signUp: ((url: string, email: string) => Promise<void>) | null;
  signIn(url: string, email: string): Promise<Credential>;
  /** Null where there is no session to end. */
  readonly signOut: ((url: string, credential: Credential) => Promise<void>) | null;
  /** What looks like a credential and never was one. */
  forge(credential: Credential): Credential;
}

/** The entrance of the peers that have the people from the start. */
export const PEER: Entrance = {
  signUp: null,
  async signIn(url, email) {
    const body = { email, password: PASSWORD };
    return cookie((await demand('POST', `${url}/login`, { body })).cookie);
  },
  async signOut(url, { value }) {
    await demand('POST', `${url}/logout`, { headers: { cookie: value } });
  },
  forge: forgeCookie,
};

/** better-auth wants to know from which page a request comes. */
const FROM_PAGE = { origin: `http://${HOST}` };

/** The entrance of better-auth. */
export const BETTER_AUTH: Entrance = {
  async signUp(url, email) {
    const body = { name: email, email, password: PASSWORD };
    await demand('POST', `${url}/api/auth/sign-up/email`, { headers: FROM_PAGE, body });
  },
  async signIn(url, email) {
    const body = { email, password: PASSWORD };
    const request = { headers: FROM_PAGE, body };
    return cookie((await demand('POST', `${url}/api/auth/sign-in/email`, request)).cookie);
  },
  async signOut(url, { value }) {
    const headers = { ...FROM_PAGE, cookie: value };
    await demand('POST', `${url}/api/auth/sign-out`, { headers, body: {} });
  },
  forge: forgeCookie,
};

/** The entrance of the product, under its prefix. */
export const COATCHECK = coatcheckUnder('/api/v1');

/** The entrance of the product in an application without a prefix. */
export const COATCHECK_MODULE = coatcheckUnder('');

/** The entrance of the product where each request carries e-mail and password. */
export const COATCHECK_BASIC: Entrance = {
  signUp: COATCHECK.signUp,
  signIn: async (_url, email) => basic(email, PASSWORD),
  signOut: null,
  forge: () => basic('nobody@example.com', PASSWORD),
};

function coatcheckUnder(prefix: string): Entrance {
  return {
    async signUp(url, email) {
      await demand('POST', `${url}${prefix}/users`, { body: { email, password: PASSWORD } });
    },
    async signIn(url, email) {
      const body = { email, password: PASSWORD };
      return cookie((await demand('POST', `${url}${prefix}/auth_session/login`, { body })).cookie);
    },
    async signOut(url, { value }) {
      await demand('DELETE', `${url}${prefix}/auth_session/logout`, { headers: { cookie: value } });
    },
    forge: forgeCookie,
  };
}

function cookie(value: string): Credential {
  return { name: 'Cookie', value };
}

function basic(email: string, password: string): Credential {
  const encoded = Buffer.from(`${email}:${password}`).toString('base64');
  return { name: 'Authorization', value: `Basic ${encoded}` };
}

/** The same cookies with other values. */
function forgeCookie({ value }: Credential): Credential {
  return cookie(value.replaceAll(/=[^;]+/g, () => `=${randomBytes(32).toString('base64url')}`));
}
