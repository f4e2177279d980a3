import { type Socket, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import {
  Auth,
  FactorStore,
  PasswordHasher,
  SessionLifetime,
  SessionStore,
  SessionsService,
  type User,
  UserStore,
  UsersService,
} from 'coatcheck';
import { aUser } from 'coatcheck/testing';
import { hashOfRecoveryCode } from '../src/factors/recovery-codes.js';
import { RouteTable } from '../src/http/route-table.js';
import { aTaskOwner } from '../src/testing/samples.js';
import { PASSWORD, TestApp, basic } from './support/app.js';
import { ORIGIN, aPasskey, codeOf, giveFactors } from './support/factors.js';
import { SoftPasskey } from './support/soft-passkey.js';
import { STORAGES } from './support/storages.js';
import { identityOf } from '../src/users/identity.js';

const NEW_PASSWORD = 'another good password';
const RECOVERY_CODE = '7k2mq9-7k2mq9-7k2mq9-7k2mq9';

/** Who asks, with a second session, and another user. */
interface People {
  readonly me: User;
  readonly mySession: string;
  readonly dora: User;
}

interface Request {
  /** Does what must come before, and returns the body; `body` counts if left out. */
  readonly prepare?: (app: TestApp, people: People, headers: Record<string, string>) => Promise<object>;
  readonly path?: (people: People) => string;
  readonly body?: object;
  /** What an administrator meets who was made a plain user while the body was on its way; nothing where any user may. */
  readonly demoted?: number;
}

let addresses = 0;
const newEmail = () => `address-${(addresses += 1)}@example.com`;

const forDora = ({ dora }: People) => `/users/${dora.id}`;

/** Every route with a body that is not public. */
const REQUESTS: Readonly<Record<string, () => Request>> = {
  'POST /users': () => ({ body: { email: newEmail(), password: NEW_PASSWORD }, demoted: 403 }),
  'PUT /users/:id': () => ({ path: forDora, body: { first_name: 'Eve' }, demoted: 404 }),
  'PATCH /users/:id': () => ({ path: forDora, body: { email: newEmail() }, demoted: 404 }),
  'POST /users/:id/password_reset': () => ({
    path: ({ dora }) => `/users/${dora.id}/password_reset`,
    body: { revoke: true },
    demoted: 403,
  }),
  'PUT /users/me': () => ({ body: { last_name: 'Eve' } }),
  'PATCH /users/me': () => ({ body: { email: newEmail() } }),
  'PUT /users/me/password': () => ({ body: { current_password: PASSWORD, new_password: NEW_PASSWORD } }),
  'PATCH /sessions/:id': () => ({
    path: ({ mySession }) => `/sessions/${mySession}`,
    body: { label: 'Eve' },
  }),
  'POST /access_tokens': () => ({ body: { label: 'Eve', scope: 'write', expires_at: '2026-02-01' } }),
  'POST /sessions/current/reauthenticate': () => ({ body: { password: PASSWORD } }),
  'POST /factors/totp/confirm': () => ({
    prepare: async (app, _, headers) => {
      const { secret } = (await app.visitor(headers).post('/factors/totp')).body;
      return { code: codeOf(app, secret) };
    },
  }),
  'POST /factors/passkeys': () => ({
    prepare: async (app, _, headers) => {
      const { options } = (await app.visitor(headers).post('/factors/passkey_options')).body;
      const { hostname } = new URL(ORIGIN);
      return { name: 'Laptop', credential: new SoftPasskey(hostname, ORIGIN).create(options) };
    },
  }),
  'PATCH /factors/passkeys/:id': () => ({
    prepare: async (app, { me }) => {
      await giveFactors(app, me.id, { passkeys: [aPasskey] });
      return { name: 'Eve' };
    },
    path: () => `/factors/passkeys/${aPasskey.id}`,
  }),
  'POST /factors/confirm': () => ({
    prepare: async (app, { me }) => {
      const recovery = { hashes: [hashOfRecoveryCode(RECOVERY_CODE)], createdAt: 0 };
      await giveFactors(app, me.id, { passkeys: [aPasskey], recovery });
      return { recovery_code: RECOVERY_CODE };
    },
  }),
};

/** Routes that read no body. */
const WITHOUT_BODY: ReadonlySet<string> = new Set([
  'POST /factors/totp',
  'POST /factors/passkey_options',
  'POST /factors/recovery_codes',
  'POST /factors/confirm/options',
]);

/** Why the rights of the sender have ended. */
const ENDINGS: Readonly<Record<string, (app: TestApp, me: User) => Promise<unknown>>> = {
  disabled: (app, { id }) => app.nest.get(UsersService).update(id, { disabled: true }),
  deleted: (app, { id }) => app.nest.get(UsersService).remove(id),
  'given another password': (app, me) =>
    app.nest.get(UsersService).passwords.set(identityOf(me), NEW_PASSWORD),
  'signed out': (app, { id }) => app.nest.get(SessionsService).endAll(id, 'ended_by_admin'),
};

const CREDENTIALS = ['cookie', 'bearer', 'basic'] as const;
type CredentialKind = (typeof CREDENTIALS)[number];

class Harness {
  private constructor(
    readonly app: TestApp,
    private readonly passwordHash: string,
  ) {}

  static async open(variables: Readonly<Record<string, string>> = {}): Promise<Harness> {
    const app = await TestApp.start({
      AUTH_TYPE: 'session_db_auth,token_auth,basic_auth',
      MFA_BASIC: 'on',
      PASSKEY_ORIGINS: ORIGIN,
      ...variables,
    });
    await app.addUser('root@example.com', 'admin');
    return new Harness(app, await app.nest.get(PasswordHasher).hash(PASSWORD, aTaskOwner()));
  }

  /** An administrator who proves who they are in a way, another user, and what is kept of both and of all others. */
  async arrive(kind: CredentialKind) {
    const [me, dora] = [aUser({ role: 'admin' }), aUser()];
    for (const user of [me, dora]) await this.app.nest.get(UserStore).insert(user, this.passwordHash);
    const transport = kind === 'bearer' ? 'bearer' : 'cookie';
    const token = (await this.#open(me, transport)).token.reveal();
    const people: People = { me, mySession: (await this.#open(me, transport)).session.id, dora };
    const headers = {
      cookie: { Cookie: `sid=${token}` },
      bearer: { Authorization: `Bearer ${token}` },
      basic: { Authorization: basic(me.email).authorization! },
    }[kind] as Record<string, string>;
    return { people, headers };
  }

  /** How many users there are, and what is kept of two: their accounts, passwords, factors, and sessions but when they were used. */
  async kept({ me, dora }: People): Promise<unknown> {
    const users = this.app.nest.get(UserStore);
    const now = this.app.clock.now();
    const states = [me, dora].map(async ({ id }) => {
      const user = await users.find(id);
      const sessions = await this.app.nest.get(SessionStore).findByUser(id, now);
      return [
        user && (await users.findCredential(user.email)),
        await this.app.nest.get(FactorStore).find(id),
        sessions.map((session) => [session.id, session.label, session.secretHash].join()).toSorted(),
      ];
    });
    return [await users.count(), ...(await Promise.all(states))];
  }

  /** Sends a request but for the last byte of its body, which goes when the result is called, once the guard has decided. */
  async hold(route: string, request: Request, people: People, headers: Record<string, string>) {
    const body = await this.#bodyOf(request, people, headers);
    const authenticate = jest.spyOn(this.app.nest.get(Auth), 'authenticate');
    const socket = connect(Number(new URL(this.app.root).port), '127.0.0.1');
    const [bytes, finish] = this.#write(route, request.path?.(people), body, headers);
    socket.write(bytes.slice(0, -1));
    while (authenticate.mock.results.length === 0) await new Promise(setImmediate);
    await authenticate.mock.results[0]!.value;
    return async () => {
      socket.write(bytes.slice(-1));
      const answer = await finish(socket);
      const asked = authenticate.mock.calls.length;
      authenticate.mockRestore();
      return { ...answer, asked };
    };
  }

  /** Sends a whole request in one go. */
  async send(route: string, request: Request, people: People, headers: Record<string, string>) {
    const body = await this.#bodyOf(request, people, headers);
    const authenticate = jest.spyOn(this.app.nest.get(Auth), 'authenticate');
    const socket = connect(Number(new URL(this.app.root).port), '127.0.0.1');
    const [bytes, finish] = this.#write(route, request.path?.(people), body, headers);
    socket.write(bytes);
    const answer = await finish(socket);
    const asked = authenticate.mock.calls.length;
    authenticate.mockRestore();
    return { ...answer, asked };
  }

  async #bodyOf(
    { prepare, body = {} }: Request,
    people: People,
    headers: Record<string, string>,
  ): Promise<object> {
    return (await prepare?.(this.app, people, headers)) ?? body;
  }

  #open(user: User, transport: 'cookie' | 'bearer') {
    const client = { ip: null, userAgent: null };
    return this.app.nest
      .get(SessionsService)
      .open(user, client, SessionLifetime.unlimited, undefined, { transport });
  }

  #write(route: string, path: string | undefined, content: object, headers: object) {
    const [method = '', pattern = ''] = route.split(' ');
    const body = JSON.stringify(content);
    const lines = Object.entries({
      Host: 'localhost',
      Connection: 'close',
      'Content-Type': 'application/json',
      'Content-Length': String(body.length),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    const bytes = `${method} /api/v1${path ?? pattern} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
    const finish = async (socket: Socket) => {
      const answer = await text(socket);
      return { status: Number(answer.slice('HTTP/1.1 '.length).slice(0, 3)), answer };
    };
    return [bytes, finish] as const;
  }
}

const routes = Object.keys(REQUESTS);
const cells = routes.flatMap((route) => CREDENTIALS.map((kind) => [route, kind] as const));

/** A password is no session to prove again. */
const succeeds = (route: string, kind: CredentialKind) =>
  /\/(reauthenticate|factors\/confirm)$/.test(route) && kind === 'basic' ? [404] : [200, 201];

describe('A body of which the last byte is held back', () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.open();
  });

  afterAll(() => harness.app.stop());

  it('is tried on every route that takes one and is not public', () => {
    const table = new RouteTable(harness.app.nest.get(ModulesContainer), '');
    const withBody = table.routes.filter(
      ({ method, access }) => ['POST', 'PUT', 'PATCH'].includes(method) && access !== 'public',
    );
    expect(withBody.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      [...routes, ...WITHOUT_BODY].toSorted(),
    );
  });

  it.each(cells)(
    'costs one more look at who asks, and one that came at once does not: %s by %s',
    async (route, kind) => {
      const [late, whole] = [await harness.arrive(kind), await harness.arrive(kind)];
      const release = await harness.hold(route, REQUESTS[route]!(), late.people, late.headers);
      const held = await release();
      expect(succeeds(route, kind)).toContain(held.status);
      expect(held.asked).toBe(2);
      const sent = await harness.send(route, REQUESTS[route]!(), whole.people, whole.headers);
      expect([sent.status, sent.asked]).toEqual([held.status, 1]);
    },
  );

  describe.each(Object.entries(ENDINGS))('by a sender who is %s in the meantime', (ending, happens) => {
    const ended = cells.filter(([, kind]) => ending !== 'signed out' || kind !== 'basic');

    it.each(ended)('changes nothing: %s by %s', async (route, kind) => {
      const { people, headers } = await harness.arrive(kind);
      const release = await harness.hold(route, REQUESTS[route]!(), people, headers);
      await happens(harness.app, people.me);
      const before = await harness.kept(people);
      expect((await release()).status).toBe(401);
      expect(await harness.kept(people)).toEqual(before);
    });
  });

  it.each(cells)('has the rights of the role that its sender has by then: %s by %s', async (route, kind) => {
    const { people, headers } = await harness.arrive(kind);
    const request = REQUESTS[route]!();
    const release = await harness.hold(route, request, people, headers);
    await harness.app.nest.get(UsersService).update(people.me.id, { role: 'user' });
    const before = await harness.kept(people);
    const { status } = await release();
    expect(request.demoted === undefined ? succeeds(route, kind) : [request.demoted]).toContain(status);
    if (request.demoted !== undefined) expect(await harness.kept(people)).toEqual(before);
  });
});

for (const [name, storage] of Object.entries(STORAGES).filter(([one]) => one !== 'memory'))
  storage.describe(`On ${name} a body of which the last byte is held back`, () => {
    let harness: Harness;
    let drop: () => Promise<void>;

    beforeAll(async () => {
      const opened = await storage.open();
      drop = opened.drop;
      harness = await Harness.open(opened.variables);
    });

    afterAll(async () => {
      await harness.app.stop();
      await drop();
    });

    it.each(Object.entries(ENDINGS))(
      'creates no user for a sender who is %s in the meantime',
      async (_, happens) => {
        const { people, headers } = await harness.arrive('cookie');
        const release = await harness.hold('POST /users', REQUESTS['POST /users']!(), people, headers);
        await happens(harness.app, people.me);
        const before = await harness.kept(people);
        expect((await release()).status).toBe(401);
        expect(await harness.kept(people)).toEqual(before);
      },
    );
  });
