import { randomBytes } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import type supertest from 'supertest';
import { AuthOptions, type CookieSettings } from '../auth/auth-options.js';
import { chooseStrategies, isA } from '../auth/auth.provider.js';
import { withToken } from '../auth/carriers/with-token.js';
import { SignInService } from '../auth/sign-in.service.js';
import { BasicAuth } from '../auth/strategies/basic.auth.js';
import { Clock, earlier } from '../common/clock.js';
import type { Session, Transport } from '../sessions/session.js';
import { SessionStore } from '../sessions/session-store.js';
import { Accounts } from '../users/accounts.js';
import { PasswordHasher } from '../users/passwords/password-hasher.js';
import type { User } from '../users/user.js';
import type { AppRole, AppUser } from '../users/user-directory.js';
import { UserStore } from '../users/user-store.js';
import { UsersService } from '../users/users.service.js';
import { aTaskOwner } from './samples.js';
import { identityOf } from '../users/identity.js';

const DAY = 86_400_000;

/** The password of the users that `loginAs` creates in this process. Long enough for every minimum. */
const PASSWORD = randomBytes(96).toString('base64url');

type Headers = Readonly<Record<string, string>>;

export interface LoginOptions {
  /** The role of a built-in user. If left out, a new user is no administrator, and an existing user keeps the role. */
  readonly roles?: readonly [AppRole];
  /** False for a session whose user confirmed the password long ago, so that `@Fresh()` refuses it. */
  readonly fresh?: boolean;
  /** The transport of the token; by default that of a sign-in request that names none. */
  readonly transport?: Transport;
}

/** A cookie as `context.addCookies` of Playwright accepts it. */
export interface BrowserCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly path: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: 'Lax' | 'Strict' | 'None';
}

/** A signed-in user of an application under test. */
export class TestUser {
  #agent: ReturnType<typeof supertest.agent> | null = null;

  constructor(
    private readonly app: INestApplication,
    readonly user: AppUser,
    /** The request headers that authenticate the user: `cookie` or `authorization`. */
    readonly headers: Headers,
  ) {}

  /** A supertest agent that sends the headers. Throws if supertest is not installed. */
  get agent(): ReturnType<typeof supertest.agent> {
    this.#agent ??= loadSupertest().agent(this.app.getHttpServer()).set(this.headers);
    return this.#agent;
  }

  /** The settings of the session cookie in the application. */
  get cookieSettings(): CookieSettings {
    return find(this.app, AuthOptions).cookie;
  }
}

/**
 * Signs a user in without a password. Creates a built-in user with a verified address if there is none with this address; a user of
 * your own directory must exist. Without a strategy that has
 * sessions, the headers are those of Basic authentication, and an existing user gets another password.
 */
export async function loginAs(
  app: INestApplication,
  who: { readonly email: string } | { readonly login: string },
  { roles, fresh = true, transport }: LoginOptions = {},
): Promise<TestUser> {
  const login = 'login' in who ? who.login : who.email;
  const accounts = find(app, Accounts);
  const user = accounts.isBuiltIn
    ? await findOrCreate(app, login, roles?.[0])
    : await findOwn(accounts, login, roles);
  const signIns = find(app, SignInService);
  const [preset] = signIns.transports;
  if (preset === undefined && fresh) return new TestUser(app, user, await basicHeaders(app, user));
  if (preset === undefined)
    throw new Error('fresh: false needs a strategy with sessions, such as session_auth.');
  const request = Object.assign(new IncomingMessage(new Socket()), { method: 'POST' });
  const exchange = { request, response: new ServerResponse(request) };
  if (transport && !signIns.transports.includes(transport))
    throw new Error(`No strategy of this application issues a token for ${transport}.`);
  const issued = await signIns.signIn(user, exchange, { transport: transport ?? preset });
  if (!fresh) await makeStale(app, issued.session);
  const { token } = withToken({}, issued.token);
  const headers: Headers =
    token === undefined ? { cookie: cookiesIn(exchange.response) } : { authorization: `Bearer ${token}` };
  return new TestUser(app, user, headers);
}

/** The session cookie of a user for `context.addCookies` of Playwright. `host` is the host of the pages, without the port. */
export function cookiesFor({ headers, cookieSettings }: TestUser, host = 'localhost'): BrowserCookie[] {
  if (headers.cookie === undefined)
    throw new Error("This user has no cookie: pass { transport: 'cookie' } to loginAs, or use the headers.");
  const { domain, path, secure, sameSite } = cookieSettings;
  const names = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;
  return headers.cookie.split('; ').map((pair) => ({
    name: pair.slice(0, pair.indexOf('=')),
    value: pair.slice(pair.indexOf('=') + 1),
    domain: domain === null ? host : `.${domain.replace(/^\./, '')}`,
    path,
    httpOnly: true,
    secure,
    sameSite: names[sameSite],
  }));
}

async function findOrCreate(app: INestApplication, email: string, role?: AppRole): Promise<User> {
  const users = find(app, UsersService);
  const details = { email, password: PASSWORD, firstName: null, lastName: null, isVerified: true };
  const user = (await users.findByEmail(email)) ?? (await users.create(details, role));
  if (user.disabled) throw new Error(`${email} is disabled and cannot sign in. Enable the user first.`);
  return role === undefined || user.role === role ? user : users.update(user.id, { role });
}

/** The user of a login in the directory of the application. */
async function findOwn(accounts: Accounts, login: string, roles: LoginOptions['roles']): Promise<AppUser> {
  if (roles) throw new Error('roles: your directory says which roles a user has. Set them in your tables.');
  const known = await accounts.findByLogin(login);
  if (!known) throw new Error(`Your directory finds no user with the login ${login}. Create the user first.`);
  if (known.account.disabled)
    throw new Error(`${login} is disabled and cannot sign in. Enable the user first.`);
  return known.user;
}

async function basicHeaders(app: INestApplication, user: User): Promise<Headers> {
  const { types, strategies } = find(app, AuthOptions);
  if (!chooseStrategies(types, strategies).some((strategy) => isA(strategy, BasicAuth)))
    throw new Error(
      `loginAs needs basic_auth or a strategy with sign-in; this application has ${types.join(', ')}.`,
    );
  if (!find(app, Accounts).isBuiltIn)
    throw new Error('loginAs needs a strategy with sessions for users of your own directory.');
  const credential = await find(app, UserStore).findCredential(user.email);
  const hasher = find(app, PasswordHasher);
  const owner = aTaskOwner({ account: user.email });
  if (!credential || !(await hasher.verify(PASSWORD, credential.passwordHash, owner)))
    await find(app, UsersService).passwords.set(identityOf(user), PASSWORD);
  return { authorization: `Basic ${Buffer.from(`${user.email}:${PASSWORD}`).toString('base64')}` };
}

/** Moves all proofs back: by a day, or by half of the absolute limit. */
async function makeStale(app: INestApplication, { id }: Session): Promise<void> {
  const now = find(app, Clock).now();
  const sessions = find(app, SessionStore);
  const session = await sessions.find(id, now);
  if (!session) throw new Error('fresh: false needs a session in the SessionStore of the application.');
  const { expiresAt: limit } = find(app, SignInService).endsOf(session);
  const age = limit === null ? DAY : (limit.getTime() - now.getTime()) / 2;
  const proofs = Object.fromEntries(
    Object.entries(session.proofs).map(([kind, at]) => [kind, earlier(at, age)]),
  );
  const proof = {
    authenticatedAt: earlier(session.authenticatedAt, age),
    proofs,
    expiresAt: limit === null ? session.expiresAt : earlier(limit, age),
  };
  await sessions.rotate(id, session.secretHash, session.secretHash, now, proof);
}

function cookiesIn(response: ServerResponse): string {
  const cookies = [response.getHeader('Set-Cookie') ?? []].flat().map(String);
  return cookies.map((cookie) => cookie.split(';', 1)[0]).join('; ');
}

/** Loads supertest from the folder in which the tests run, because it is a package of the application. */
function loadSupertest(): typeof supertest {
  try {
    return createRequire(join(process.cwd(), 'package.json'))('supertest') as typeof supertest;
  } catch (error) {
    if (Object(error).code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error('agent needs supertest: npm install --save-dev supertest @types/supertest', {
      cause: error,
    });
  }
}

function find<T>(app: INestApplication, provider: abstract new (...args: never[]) => T): T {
  return app.get<T>(provider, { strict: false });
}
