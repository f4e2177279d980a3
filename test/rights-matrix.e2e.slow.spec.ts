import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Post } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import {
  PasswordResetService,
  SessionLifetime,
  type SessionScope,
  SessionsService,
  type User,
  UserStore,
  UsersService,
} from 'coatcheck';
import { MemoryMailer } from 'coatcheck/testing';
import { RouteTable } from '../src/http/route-table.js';
import type { Transport } from '../src/sessions/session.js';
import type { OpenedSession, SessionTerms } from '../src/sessions/sessions.service.js';
import { PASSWORD, TestApp, basic } from './support/app.js';
import { aPasskey, giveFactors } from './support/factors.js';
import { Wire, requestOf } from './support/wire.js';

const API = '/api/v1';

/** What is met where the last proof is too long ago, and where an access token is for reading alone; both are 403. */
const [LATE, READ] = ['session_not_fresh', 'scope_required'] as const;

/** Nobody, somebody whose credential is no good, three people, those three long after sign-in, and the third's tokens. */
const WHO = [
  'stranger',
  'refused',
  'ann',
  'ben',
  'admin',
  'lateAnn',
  'lateBen',
  'lateAdmin',
  'reader',
  'writer',
] as const;
type Who = (typeof WHO)[number];

/** The statuses that they meet, in this order, or a code of 403. */
type Cell = number | typeof LATE | typeof READ;
type Row = readonly Cell[];
type Matrix = Readonly<Record<string, Row>>;

/** A change of the factors of the caller, who has none: with a fresh proof, and never with an access token. */
const ofFactors = (fresh: number): Row => [401, 401, fresh, fresh, fresh, LATE, LATE, LATE, READ, 403];

/** The same for what needs no fresh proof, or is not there. */
const ofOwn = (status: number): Row => [
  ...everywhere(status)
    .map((all, index) => (index < 2 ? 401 : all))
    .slice(0, 8),
  READ,
  403,
];

/** Second factors. Nobody here has any, and no sign-in is pending. */
const FACTORS: Matrix = {
  'GET /factors': [401, 401, 200, 200, 200, 200, 200, 200, 200, 200],
  'POST /factors/totp': ofFactors(200),
  'POST /factors/totp/confirm': ofFactors(403),
  'DELETE /factors/totp': ofFactors(404),
  'POST /factors/passkey_options': ofFactors(200),
  'POST /factors/passkeys': ofFactors(403),
  'PATCH /factors/passkeys/:id': ofOwn(404),
  'DELETE /factors/passkeys/:id': ofFactors(404),
  'POST /factors/recovery_codes': ofOwn(404),
  'POST /factors/confirm/options': ofOwn(404),
  'POST /factors/confirm': ofOwn(403),
  'GET /auth_session/second_step': everywhere(400),
  'POST /auth_session/second_step': everywhere(400),
  'POST /auth_session/second_step/options': everywhere(400),
  'POST /auth_session/second_step/totp': everywhere(400),
  'POST /auth_session/second_step/totp/confirm': everywhere(400),
  'POST /auth_session/second_step/passkey_options': everywhere(400),
  'POST /auth_session/second_step/passkeys': everywhere(400),
  'POST /auth_session/passkey/options': everywhere(200),
  'POST /auth_session/passkey': everywhere(403),
  'GET /users/:id/factors': [401, 401, 403, 403, 200, 403, 403, 200, 200, 200],
  'DELETE /users/:id/factors': [401, 401, 403, 403, 200, 403, 403, LATE, READ, LATE],
};

/** What the token of a second step opens, of an administrator who has a passkey. Elsewhere it is worth nothing. */
const PENDING: Readonly<Record<string, Cell>> = {
  'GET /auth_session/second_step': 200,
  'HEAD /auth_session/second_step': 200,
  'POST /auth_session/second_step': 403,
  'POST /auth_session/second_step/options': 200,
  'POST /auth_session/second_step/totp': LATE,
  'POST /auth_session/second_step/totp/confirm': LATE,
  'POST /auth_session/second_step/passkey_options': LATE,
  'POST /auth_session/second_step/passkeys': LATE,
};

/** Every route under the prefix; `:id` is Ann's, and so is `:session`. */
const STANDARD: Matrix = {
  'GET /status': everywhere(200),
  'GET /unauthorized': everywhere(401),
  'GET /forbidden': everywhere(403),
  'GET /health/live': everywhere(200),
  'GET /health/ready': everywhere(200),
  'POST /auth_session/login': everywhere(200),
  'DELETE /auth_session/logout': [401, 401, 200, 200, 200, 200, 200, 200, READ, 200],
  'GET /sessions': [401, 401, 200, 200, 200, 200, 200, 200, 200, 200],
  'DELETE /sessions': [401, 401, 200, 200, 200, LATE, LATE, LATE, READ, LATE],
  'GET /sessions/current': [401, 401, 200, 200, 200, 200, 200, 200, 200, 200],
  'POST /sessions/current/reauthenticate': [401, 401, 200, 200, 200, 200, 200, 200, READ, 403],
  'PATCH /sessions/:id': [401, 401, 200, 404, 404, 200, 404, 404, READ, 404],
  'DELETE /sessions/:id': [401, 401, 200, 404, 404, LATE, LATE, LATE, READ, LATE],
  'POST /access_tokens': [401, 401, 201, 201, 201, LATE, LATE, LATE, READ, LATE],
  'GET /audit': [401, 401, 403, 403, 200, 403, 403, 200, 200, 200],
  'GET /audit/export': [401, 401, 403, 403, 200, 403, 403, 200, 200, 200],
  'GET /stats': [401, 401, 200, 200, 200, 200, 200, 200, 200, 200],
  'GET /stats/live': [401, 401, 403, 403, 200, 403, 403, 200, 200, 200],
  'GET /stats/activity': [401, 401, 403, 403, 400, 403, 403, 400, 400, 400],
  'GET /users': [401, 401, 403, 403, 200, 403, 403, 200, 200, 200],
  'POST /users': [401, 401, 403, 403, 201, 403, 403, 201, READ, 201],
  'GET /users/me': [401, 401, 200, 200, 200, 200, 200, 200, 200, 200],
  'GET /users/:id': [401, 401, 200, 404, 200, 200, 404, 200, 200, 200],
  'PUT /users/:id': [401, 401, 200, 404, 200, 200, 404, 200, READ, 200],
  'PATCH /users/:id': [401, 401, 200, 404, 200, 200, 404, 200, READ, 200],
  'PUT /users/me': [401, 401, 200, 200, 200, 200, 200, 200, READ, 200],
  'PATCH /users/me': [401, 401, 200, 200, 200, 200, 200, 200, READ, 200],
  'DELETE /users/me': [401, 401, 200, 200, 200, LATE, LATE, LATE, READ, LATE],
  'GET /registration': everywhere(200),
  'DELETE /users/:id': [401, 401, 200, 404, 200, LATE, LATE, LATE, READ, LATE],
  'POST /users/:id/password_reset': [401, 401, 403, 403, 201, 403, 403, LATE, READ, LATE],
  'POST /password/reset': everywhere(200),
  'POST /password/forgot': everywhere(202),
  'POST /email/verification': everywhere(202),
  'POST /email/verify': everywhere(400),
  'POST /email/confirm': everywhere(400),
  'POST /email/cancel': everywhere(400),
  'POST /invitations': [401, 401, 403, 403, 201, 403, 403, LATE, READ, LATE],
  'PUT /users/me/password': [401, 401, 200, 200, 200, 200, 200, 200, READ, 200],
  'GET /users/:id/sessions': [401, 401, 403, 403, 200, 403, 403, 200, 200, 200],
  'DELETE /users/:id/sessions': [401, 401, 403, 403, 200, 403, 403, LATE, READ, LATE],
  'DELETE /users/:id/sessions/:session': [401, 401, 403, 403, 200, 403, 403, LATE, READ, LATE],
};

/** Where each request carries the password, login and logout say that there are none. */
const NO_LOGIN: Matrix = Object.fromEntries(
  ['POST /auth_session/login', 'DELETE /auth_session/logout'].map((route) => [
    route,
    [404, 401, 404, 404, 404, 404, 404, 404, 404, 404],
  ]),
);
const ALX_NO_LOGIN: Matrix = Object.fromEntries(
  Object.keys(NO_LOGIN).map((route) => [route, [401, 403, 404, 404, 404, 404, 404, 404, 404, 404]]),
);

/** As one looks whose author has not thought of rights. */
const BARE: Matrix = {
  'GET /bare': [401, 401, 200, 200, 200, 200, 200, 200, 200, 200],
  'POST /bare': [401, 401, 201, 201, 201, 201, 201, 201, READ, 201],
  'DELETE /bare/:id': [401, 401, 200, 200, 200, 200, 200, 200, READ, 200],
};

/** Routes that the course's contract does not have, and that came after it. */
const NOT_IN_ALX: ReadonlySet<string> = new Set([
  'PATCH /users/:id',
  'PUT /users/me',
  'PATCH /users/me',
  'DELETE /users/me',
  'GET /stats/live',
  'GET /registration',
  'POST /users/:id/password_reset',
  'POST /password/reset',
  'POST /password/forgot',
  'POST /email/verification',
  'POST /email/verify',
  'POST /email/confirm',
  'POST /email/cancel',
  'POST /invitations',
  ...Object.keys(FACTORS),
]);

/**
 * Where the course's contract has it otherwise: a credential that is no good is 403, and so is any token, users see each
 * other, and nobody is asked for a proof.
 */
const ALX: Matrix = {
  ...Object.fromEntries(
    Object.entries({ ...STANDARD, ...BARE })
      .filter(([route]) => !NOT_IN_ALX.has(route))
      .map(([route, row]) => [route, isOpen(row) ? row : inAlx(row)]),
  ),
  'GET /audit': inAlx([401, 403, 403, 403, 200]),
  'GET /audit/export': inAlx([401, 403, 403, 403, 200]),
  'GET /stats/activity': inAlx([401, 403, 403, 403, 400]),
  'GET /users': inAlx([401, 403, 200, 200, 200]),
  'POST /users': inAlx([401, 403, 201, 201, 201]),
  'GET /users/:id': inAlx([401, 403, 200, 200, 200]),
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

interface State {
  readonly name: string;
  /** Whom it makes of a request where sessions count. */
  readonly session?: Who;
  /** Whom it makes of a request where bearer tokens count. */
  readonly bearer?: Who;
  /** Whom it makes of a request where Basic credentials count. */
  readonly basic?: Who;
  /** The transport of the token of a second step that is sent as it must be. */
  readonly pending?: Transport;
  readonly headers: (people: People, harness: Harness) => Promise<Record<string, string>>;
}

interface People {
  readonly ann: User;
  readonly ben: User;
  readonly admin: User;
}

const HOUR = 3_600_000;
/** One millisecond longer than any route lets a proof be old. */
const TOO_LATE = 5 * 60_000 + 1;

const EXPIRED: State = {
  name: 'an expired session',
  session: 'refused',
  headers: async ({ ann }, harness) => ({ cookie: await harness.cookieOf(ann, 13 * HOUR) }),
};

const STATES: readonly State[] = [
  EXPIRED,
  { name: 'nothing', headers: async () => ({}) },
  { name: 'a garbage cookie', session: 'refused', headers: async () => ({ cookie: 'sid=garbage' }) },
  {
    name: 'a token of nobody',
    session: 'refused',
    headers: async () => ({ cookie: `sid=${'A'.repeat(22)}.${'A'.repeat(43)}` }),
  },
  {
    name: 'an ended session',
    session: 'refused',
    headers: async ({ ann }, harness) => {
      const token = await harness.tokenOwner(ann);
      await harness.app.nest.get(SessionsService).close(token);
      return { cookie: `sid=${token}` };
    },
  },
  {
    name: 'two sessions in two cookies',
    session: 'refused',
    headers: async ({ ann, admin }, harness) => ({
      cookie: `${await harness.cookieOf(ann)}; ${await harness.cookieOf(admin)}`,
    }),
  },
  {
    name: 'one session in two cookies',
    session: 'refused',
    headers: async ({ admin }, harness) => {
      const cookie = await harness.cookieOf(admin);
      return { cookie: `${cookie}; ${cookie}` };
    },
  },
  {
    name: 'the session of an administrator who is disabled',
    session: 'refused',
    headers: async (_, harness) => {
      const gone = await harness.person('admin');
      const cookie = await harness.cookieOf(gone);
      await harness.app.nest.get(UsersService).update(gone.id, { disabled: true });
      return { cookie };
    },
  },
  {
    name: 'the session of an administrator who is deleted',
    session: 'refused',
    headers: async (_, harness) => {
      const gone = await harness.person('admin');
      const cookie = await harness.cookieOf(gone);
      await harness.app.nest.get(UsersService).remove(gone.id);
      return { cookie };
    },
  },
  { name: 'a garbage header', basic: 'refused', headers: async () => ({ authorization: 'Basic !' }) },
  {
    name: 'a wrong password',
    basic: 'refused',
    headers: async (_, harness) => basic((await harness.person('admin')).email, 'wrong'),
  },
  {
    name: 'the password of an administrator who is disabled',
    basic: 'refused',
    headers: async (_, harness) => {
      const gone = await harness.person('admin');
      await harness.app.nest.get(UsersService).update(gone.id, { disabled: true });
      return basic(gone.email);
    },
  },
  {
    name: 'a garbage bearer token',
    bearer: 'refused',
    headers: async () => ({ authorization: 'Bearer admin' }),
  },
  {
    name: 'the token of a cookie as a bearer token',
    bearer: 'refused',
    headers: async ({ admin }, harness) => bearer(await harness.tokenOwner(admin)),
  },
  {
    name: 'a bearer token as a cookie',
    session: 'refused',
    headers: async ({ admin }, harness) => ({ cookie: `sid=${await harness.bearerOf(admin)}` }),
  },
  {
    name: 'an access token as a cookie',
    session: 'refused',
    headers: async ({ admin }, harness) => ({ cookie: `sid=${await harness.accessTokenOf(admin, 'write')}` }),
  },
  {
    name: 'the token of a second step',
    pending: 'cookie',
    headers: async (_, harness) => ({ cookie: `sid_pending=${await harness.pendingOf('cookie')}` }),
  },
  {
    name: 'the token of a second step as a bearer token',
    pending: 'bearer',
    bearer: 'refused',
    headers: async (_, harness) => bearer(await harness.pendingOf('bearer')),
  },
  {
    name: 'the token of a second step as the cookie of a session',
    session: 'refused',
    headers: async (_, harness) => ({ cookie: `sid=${await harness.pendingOf('cookie')}` }),
  },
  {
    name: 'the token of a second step by cookie, sent as a bearer token',
    bearer: 'refused',
    headers: async (_, harness) => bearer(await harness.pendingOf('cookie')),
  },
  {
    name: 'the token of a second step by bearer, sent as a cookie',
    headers: async (_, harness) => ({ cookie: `sid_pending=${await harness.pendingOf('bearer')}` }),
  },
  {
    name: 'the session of ben and the token of a second step',
    session: 'ben',
    pending: 'cookie',
    headers: async ({ ben }, harness) => ({
      cookie: `${await harness.cookieOf(ben)}; sid_pending=${await harness.pendingOf('cookie')}`,
    }),
  },
  {
    name: 'an expired access token',
    bearer: 'refused',
    headers: async ({ admin }, harness) => bearer(await harness.accessTokenOf(admin, 'write', 2 * HOUR)),
  },
  {
    name: 'the access token of an administrator who is disabled',
    bearer: 'refused',
    headers: async (_, harness) => {
      const gone = await harness.person('admin');
      const token = await harness.accessTokenOf(gone, 'write');
      await harness.app.nest.get(UsersService).update(gone.id, { disabled: true });
      return bearer(token);
    },
  },
  ...(
    [
      ['ann', 'lateAnn'],
      ['ben', 'lateBen'],
      ['admin', 'lateAdmin'],
    ] as const
  ).flatMap(([who, late]): State[] => [
    {
      name: `the session of ${who}`,
      session: who,
      headers: async (people, harness) => ({ cookie: await harness.cookieOf(people[who]) }),
    },
    {
      name: `the session of ${who}, who signed in a while ago`,
      session: late,
      headers: async (people, harness) => ({ cookie: await harness.cookieOf(people[who], TOO_LATE) }),
    },
    {
      name: `the bearer token of ${who}`,
      bearer: who,
      headers: async (people, harness) => bearer(await harness.bearerOf(people[who])),
    },
    {
      name: `the bearer token of ${who}, who signed in a while ago`,
      bearer: late,
      headers: async (people, harness) => bearer(await harness.bearerOf(people[who], TOO_LATE)),
    },
    { name: `the password of ${who}`, basic: who, headers: async (people) => basic(people[who].email) },
  ]),
  ...(['read', 'write'] as const).map((scope): State => ({
    name: `an access token of the administrator to ${scope}`,
    bearer: scope === 'read' ? 'reader' : 'writer',
    headers: async ({ admin }, harness) => bearer(await harness.accessTokenOf(admin, scope)),
  })),
  {
    name: 'a dead session and an access token of the administrator',
    session: 'refused',
    bearer: 'writer',
    headers: async ({ admin }, harness) => ({
      cookie: 'sid=garbage',
      ...bearer(await harness.accessTokenOf(admin, 'write')),
    }),
  },
  {
    name: 'the session of ben and an access token of the administrator',
    session: 'ben',
    bearer: 'writer',
    headers: async ({ ben, admin }, harness) => ({
      cookie: await harness.cookieOf(ben),
      ...bearer(await harness.accessTokenOf(admin, 'write')),
    }),
  },
  {
    name: 'a dead session and the password of the administrator',
    session: 'refused',
    basic: 'admin',
    headers: async ({ admin }) => ({ cookie: 'sid=garbage', ...basic(admin.email) }),
  },
  {
    name: 'the session of ben and the password of the administrator',
    session: 'ben',
    basic: 'admin',
    headers: async ({ ben, admin }, harness) => ({
      cookie: await harness.cookieOf(ben),
      ...basic(admin.email),
    }),
  },
];

/** An application and those who knock at its door. */
class Harness {
  readonly #wire: Wire;
  #first: User | null = null;
  #people = 0;
  #requests = 0;

  private constructor(
    readonly app: TestApp,
    private readonly lifetime: SessionLifetime,
    private readonly dialect: string,
    private readonly takesCookies: boolean,
    private readonly takesTokens: boolean,
  ) {
    this.#wire = new Wire(app.root);
  }

  static async open(type: string, dialect: string): Promise<Harness> {
    const isDurable = /session_db_auth|token_auth/.test(type);
    const app = await TestApp.start(
      {
        AUTH_TYPE: type,
        AUTH_COMPAT: dialect,
        SESSION_DURATION: '43200',
        TRUST_PROXY: '1',
        ...(dialect === 'standard' && { MAILS_PER_NETWORK: '10000' }),
        ...(!isDurable && { DATABASE_URL: 'memory:' }),
      },
      { controllers: [BareController] },
      { mailer: dialect === 'standard' ? new MemoryMailer() : null },
    );
    const lifetime =
      type === 'session_auth'
        ? SessionLifetime.unlimited
        : new SessionLifetime({ idle: Infinity, absolute: 43_200_000 });
    return new Harness(app, lifetime, dialect, type.includes('session_'), type.includes('token_auth'));
  }

  /** A user with the password and the hash of the first one: hashing is most of what a new user costs. */
  async person(role: User['role'] = 'user'): Promise<User> {
    const email = `person-${(this.#people += 1)}@example.com`;
    this.#first ??= await this.app.addUser('first@example.com');
    const store = this.app.nest.get(UserStore);
    const { passwordHash } = (await store.findCredentialById(this.#first.id))!;
    const person = { ...this.#first, id: randomUUID(), email, role };
    expect(await store.insert(person, passwordHash)).toBe(true);
    return person;
  }

  async people(): Promise<People> {
    const [ann, ben, admin] = [await this.person(), await this.person(), await this.person('admin')];
    return { ann, ben, admin };
  }

  /** A cookie of a session that somebody opened so many milliseconds ago. */
  async cookieOf(user: User, age = 0): Promise<string> {
    return `sid=${await this.tokenOwner(user, age)}`;
  }

  async tokenOwner(user: User, age = 0): Promise<string> {
    return (await this.#open(user, age)).token.reveal();
  }

  async bearerOf(user: User, age = 0): Promise<string> {
    return (await this.#open(user, age, { transport: 'bearer' })).token.reveal();
  }

  /** A token that lasts an hour from when it was made. */
  async accessTokenOf(user: User, scope: SessionScope, age = 0): Promise<string> {
    const expiresAt = new Date(this.app.clock.now().getTime() - age + HOUR);
    const terms = { kind: 'access_token', transport: 'bearer', scope, expiresAt } as const;
    return (await this.#open(user, age, terms)).token.reveal();
  }

  /** The token of a second step that waits for an administrator; of nobody where there are none of this transport. */
  async pendingOf(transport: Transport): Promise<string> {
    if (this.dialect === 'alx' || !(transport === 'cookie' ? this.takesCookies : this.takesTokens))
      return 'x';
    const { id, email } = await this.person('admin');
    await giveFactors(this.app, id, { passkeys: [aPasskey] });
    const visitor = this.app.visitor({ 'x-forwarded-for': this.#newAddress() });
    const { body } = await visitor.login(email, PASSWORD, { transport });
    expect(body.code).toBe('second_factor_required');
    return transport === 'bearer' ? body.pending_token : visitor.steps.get('sid_pending')!.split('=')[1]!;
  }

  /** What is met; each request comes from an address of its own, and Ann has a session that nobody uses. */
  async ask(
    method: string,
    path: string,
    { ann, ben }: People,
    headers: Record<string, string>,
  ): Promise<Cell> {
    const origin = ['X-Forwarded-For', this.#newAddress()] as const;
    const [type, body] = await this.#bodyOf(`${method} ${path}`, ben);
    const lines = [origin, ['Content-Type', type] as const, ...Object.entries(headers)];
    const request = requestOf(method, API + (await this.#fill(path, ann)), lines, body);
    const answer = await this.#wire.ask(request, method);
    const code = /"code":"(session_not_fresh|scope_required)"/.exec(answer?.body ?? '')?.[1];
    return answer?.status === 403 && code ? (code as Cell) : (answer?.status ?? 0);
  }

  close(): Promise<void> {
    this.#wire.close();
    return this.app.stop();
  }

  #newAddress(): string {
    const number = (this.#requests += 1);
    return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
  }

  async #open(user: User, age: number, terms: SessionTerms = {}): Promise<OpenedSession> {
    const client = { ip: null, userAgent: null };
    this.app.clock.advance(-age);
    const sessions = this.app.nest.get(SessionsService);
    const opened = await sessions.open(user, client, this.lifetime, undefined, terms);
    this.app.clock.advance(age);
    return opened;
  }

  /** A path with what is Ann's in it. */
  async #fill(path: string, ann: User): Promise<string> {
    if (!/:session|^\/sessions\/:id/.test(path)) return path.replace(':id', ann.id);
    const { session } = await this.#open(ann, 0);
    return path.replace(/(\/sessions\/):\w+/, `$1${session.id}`).replace(':id', ann.id);
  }

  /** A body that the route takes. */
  async #bodyOf(route: string, { id, email }: User): Promise<[type: string, body: string | undefined]> {
    const credentials = { email, password: PASSWORD };
    const transport = this.takesCookies ? 'cookie' : 'bearer';
    if (route === 'POST /auth_session/login' && this.dialect === 'alx')
      return ['application/x-www-form-urlencoded', new URLSearchParams(credentials).toString()];
    const bodies: Record<string, object> = {
      'POST /auth_session/login': { ...credentials, transport },
      'POST /password/forgot': { email },
      'POST /email/verification': { email },
      'POST /email/verify': { token: 'verify-x.y' },
      'POST /email/confirm': { token: 'confirm-x.y' },
      'POST /email/cancel': { token: 'cancel-x.y' },
      'POST /invitations': { email: `invited-${this.#requests}@example.com` },
      'POST /users': { email: `new-${this.#requests}@example.com`, password: PASSWORD },
      'POST /sessions/current/reauthenticate': { password: PASSWORD },
      'POST /factors/totp/confirm': { code: '123456' },
      'POST /factors/passkeys': { name: 'Laptop', credential: {} },
      'PATCH /factors/passkeys/:id': { name: 'Laptop' },
      'POST /factors/confirm': { code: '123456' },
      'POST /auth_session/second_step': { code: '123456' },
      'POST /auth_session/second_step/totp/confirm': { code: '123456' },
      'POST /auth_session/second_step/passkeys': { name: 'Laptop', credential: {} },
      'POST /auth_session/passkey/options': {},
      'POST /auth_session/passkey': { credential: {} },
      'PATCH /sessions/:id': { label: 'At home' },
      'PATCH /sessions/current': { label: 'At home' },
      'POST /access_tokens': {
        label: 'Backup',
        scope: 'read',
        expires_at: new Date(this.app.clock.now().getTime() + HOUR).toISOString(),
      },
      'PUT /users/me/password': { current_password: PASSWORD, new_password: 'another good password' },
    };
    if (route === 'POST /users/:id/password_reset') return ['application/json', '{}'];
    if (route === 'POST /password/reset') {
      const { token } = await this.app.nest.get(PasswordResetService).issue(id);
      const reset = { token: token.reveal(), new_password: `a new password ${this.#requests}` };
      return ['application/json', JSON.stringify(reset)];
    }
    const body = bodies[route] ?? (/^(POST|PUT|PATCH) /.test(route) ? { first_name: 'Ada' } : undefined);
    return ['application/json', body && JSON.stringify(body)];
  }
}

/** As one looks whose author has not thought of rights. */
@Controller('bare')
class BareController {
  @Get()
  read() {
    return {};
  }

  @Post()
  write() {
    return {};
  }

  @Delete(':id')
  remove() {
    return {};
  }
}

const { TEST_IN_PART } = process.env;

const ALL_HOUSES: readonly (readonly [type: string, dialect: string, matrix: Matrix])[] = [
  ...[
    'basic_auth',
    'session_auth',
    'session_exp_auth',
    'session_db_auth',
    'session_db_auth,basic_auth',
    'session_db_auth,token_auth',
    'token_auth,basic_auth',
  ].map((type) => [type, 'standard', { ...STANDARD, ...FACTORS, ...BARE }] as const),
  ...['basic_auth', 'session_db_auth'].map((type) => [type, 'alx', ALX] as const),
];

/** In part: the default, all kinds of credentials, and the course contract. */
const HOUSES = ALL_HOUSES.filter(
  ([type]) => TEST_IN_PART === undefined || ['session_db_auth', 'session_db_auth,token_auth'].includes(type),
);

/** Paths that one with a parameter would serve, by the methods that they do not know themselves; it leads to nobody. */
const SHADOWED: Readonly<Record<string, string>> = {
  '/users/me': '/users/:id',
  '/sessions/current': '/sessions/:id',
};

describe.each(HOUSES)('Under AUTH_TYPE=%s in %s', (type, dialect, whole) => {
  const types = type.split(',');
  const takesCookies = types.some((one) => one.startsWith('session_'));
  const takesTokens = types.includes('token_auth');
  const noLogin = dialect === 'alx' ? ALX_NO_LOGIN : NO_LOGIN;
  const matrix: Matrix = {
    ...Object.fromEntries(
      Object.entries(whole).filter(
        ([route]) =>
          (takesTokens || !route.includes('access_tokens')) &&
          (takesTokens || takesCookies || !/session|factors/.test(route)),
      ),
    ),
    ...(!takesTokens && !takesCookies && noLogin),
  };
  const paths = [...new Set(Object.keys(matrix).map((route) => route.split(' ')[1]!))];
  const headersOf = new Map<State, Record<string, string>>();
  let harness: Harness;
  let people: People;

  beforeAll(async () => {
    harness = await Harness.open(type, dialect);
    people = await harness.people();
    for (const state of STATES) headersOf.set(state, await state.headers(people, harness));
  });

  afterAll(() => harness.close());

  /** Whom a state makes of a request here: what the first scheme that is concerned makes of it. */
  function whoIs(state: State): Who {
    if (type === 'session_auth' && state === EXPIRED) return 'lateAnn';
    const who =
      (takesCookies && state.session) ||
      (takesTokens && state.bearer) ||
      (types.includes('basic_auth') && state.basic);
    const isCredential = state.session ?? state.bearer ?? state.basic;
    return who || (dialect === 'alx' && isCredential ? 'refused' : 'stranger');
  }

  /** Whether a request has a session, and not a password. */
  function hasSession({ session, bearer: token }: State): boolean {
    return Boolean((takesCookies && session) || (takesTokens && token));
  }

  function expected(method: string, path: string, state: State): Cell {
    const who = whoIs(state);
    const at = (route: string) => matrix[route]?.[WHO.indexOf(who)];
    const rows = METHODS.flatMap((other) => matrix[`${other} ${path}`] ?? []);
    const isPublic = rows.length > 0 && METHODS.every((other) => isOpen(matrix[`${other} ${path}`] ?? OPEN));
    const refusal = dialect === 'alx' ? 403 : 401;
    const isAnyone = who === 'stranger' || who === 'refused';
    if (method === 'OPTIONS' && (dialect === 'alx' || !isAnyone)) return 204;
    if (method === 'OPTIONS') return refusal;
    const isPending = state.pending === 'cookie' ? takesCookies : state.pending && takesTokens;
    const ofPending = isPending && dialect !== 'alx' ? PENDING[`${method} ${path}`] : undefined;
    if (ofPending !== undefined) return ofPending;
    const served = at(`${method} ${path}`) ?? (method === 'HEAD' ? at(`GET ${path}`) : undefined);
    // A password is no session: to sign out of, to show or to renew.
    if (served === 200 && /\/(logout|current|reauthenticate)$/.test(path) && !hasSession(state)) return 404;
    if (served === 403 && path === '/factors/confirm' && !hasSession(state)) return 404;
    if (served !== undefined) return served;
    if (!isPublic && who === 'stranger') return 401;
    if (!isPublic && who === 'refused') return refusal;
    const shadowed = at(`${method} ${SHADOWED[path]}`);
    if (shadowed !== undefined) return typeof shadowed === 'number' ? 404 : shadowed;
    return 405;
  }

  it('every route that there is stands in the matrix', () => {
    const { routes } = new RouteTable(harness.app.nest.get(ModulesContainer), '/');
    expect(routes.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      Object.keys(matrix).toSorted(),
    );
  });

  it.each(paths)('%s answers each method and credential as the matrix says', async (path) => {
    const users = harness.app.nest.get(UserStore);
    const before = await Promise.all(Object.values(people).map(({ id }) => users.find(id)));
    const [met, meant]: Record<string, Cell>[] = [{}, {}];
    for (const method of METHODS) {
      for (const state of STATES) {
        const name = `${method} with ${state.name}`;
        const cell = expected(method, path, state);
        const isSpent = Number(cell) < 300 && !['GET', 'HEAD', 'OPTIONS'].includes(method);
        const those = isSpent ? await harness.people() : people;
        const headers = isSpent ? await state.headers(those, harness) : headersOf.get(state)!;
        meant![name] = cell;
        met![name] = await harness.ask(method, path, those, headers);
      }
    }
    expect(met).toEqual(meant);
    expect(await Promise.all(Object.values(people).map(({ id }) => users.find(id)))).toEqual(before);
  });
});

const OPEN: Row = everywhere(0);

/** The row of a route that asks nobody who they are. */
function everywhere(status: number): Row {
  return WHO.map(() => status);
}

/** Whether a route asks nobody who they are. */
function isOpen(row: Row): boolean {
  return new Set(row).size === 1;
}

function inAlx([stranger = 0, , ...people]: Row): Row {
  const [ann = 0, ben = 0, admin = 0] = people;
  return [stranger, 403, ann, ben, admin, ann, ben, admin, 403, 403];
}

/** The header of a bearer token. */
function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
