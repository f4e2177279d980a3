import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Post } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { SessionLifetime, SessionsService, type User, UserStore, UsersService } from 'coatcheck';
import { RouteTable } from '../src/http/route-table.js';
import { PASSWORD, TestApp, basic } from './support/app.js';
import { Wire, requestOf } from './support/wire.js';

const API = '/api/v1';

/** Who a request counts as coming from: nobody, somebody whose credential is no good, and three people. */
const WHO = ['stranger', 'refused', 'ann', 'ben', 'admin'] as const;
type Who = (typeof WHO)[number];

/** The statuses that they meet, in this order. */
type Row = readonly [stranger: number, refused: number, ann: number, ben: number, admin: number];
type Matrix = Readonly<Record<string, Row>>;

/** Every route under the prefix; `:id` is Ann's. */
const STANDARD: Matrix = {
  'GET /status': [200, 200, 200, 200, 200],
  'GET /unauthorized': [401, 401, 401, 401, 401],
  'GET /forbidden': [403, 403, 403, 403, 403],
  'GET /health/live': [200, 200, 200, 200, 200],
  'GET /health/ready': [200, 200, 200, 200, 200],
  'POST /auth_session/login': [200, 200, 200, 200, 200],
  'DELETE /auth_session/logout': [401, 401, 200, 200, 200],
  'GET /audit': [401, 401, 403, 403, 200],
  'GET /stats': [401, 401, 200, 200, 200],
  'GET /users': [401, 401, 403, 403, 200],
  'POST /users': [401, 401, 403, 403, 201],
  'GET /users/me': [401, 401, 200, 200, 200],
  'GET /users/:id': [401, 401, 200, 404, 200],
  'PUT /users/:id': [401, 401, 200, 404, 200],
  'DELETE /users/:id': [401, 401, 200, 404, 200],
  'PUT /users/me/password': [401, 401, 200, 200, 200],
};

/** Where the course's contract has it otherwise: a credential that is no good is 403, and users see each other. */
const ALX: Matrix = {
  ...Object.fromEntries(
    Object.entries(STANDARD).map(([route, row]) => [route, isOpen(row) ? row : row.with(1, 403)]),
  ),
  'GET /audit': [401, 403, 403, 403, 200],
  'GET /users': [401, 403, 200, 200, 200],
  'POST /users': [401, 403, 201, 201, 201],
  'GET /users/:id': [401, 403, 200, 200, 200],
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

interface State {
  readonly name: string;
  /** Whom it makes of a request where sessions count. */
  readonly session?: Who;
  /** Whom it makes of a request where Basic credentials count. */
  readonly basic?: Who;
  readonly headers: (people: People, house: House) => Promise<Record<string, string>>;
}

interface People {
  readonly ann: User;
  readonly ben: User;
  readonly admin: User;
}

const EXPIRED: State = {
  name: 'an expired session',
  session: 'refused',
  headers: async ({ ann }, house) => {
    const cookie = await house.cookieOf(ann);
    house.app.clock.advance(13 * 3_600_000);
    return { cookie };
  },
};

const STATES: readonly State[] = [
  // First, as time passes over it.
  EXPIRED,
  { name: 'nothing', headers: async () => ({}) },
  { name: 'a garbage cookie', session: 'refused', headers: async () => ({ cookie: 'sid=garbage' }) },
  {
    name: 'a ticket of nobody',
    session: 'refused',
    headers: async () => ({ cookie: `sid=${'A'.repeat(22)}.${'A'.repeat(43)}` }),
  },
  {
    name: 'an ended session',
    session: 'refused',
    headers: async ({ ann }, house) => {
      const cookie = await house.cookieOf(ann);
      await house.app.nest.get(SessionsService).close(cookie.slice('sid='.length));
      return { cookie };
    },
  },
  {
    name: 'two sessions in two cookies',
    session: 'refused',
    headers: async ({ ann, admin }, house) => ({
      cookie: `${await house.cookieOf(ann)}; ${await house.cookieOf(admin)}`,
    }),
  },
  {
    name: 'one session in two cookies',
    session: 'refused',
    headers: async ({ admin }, house) => {
      const cookie = await house.cookieOf(admin);
      return { cookie: `${cookie}; ${cookie}` };
    },
  },
  {
    name: 'the session of an administrator who is disabled',
    session: 'refused',
    headers: async (_, house) => {
      const gone = await house.person('admin');
      const cookie = await house.cookieOf(gone);
      await house.app.nest.get(UsersService).update(gone.id, { disabled: true });
      return { cookie };
    },
  },
  {
    name: 'the session of an administrator who is deleted',
    session: 'refused',
    headers: async (_, house) => {
      const gone = await house.person('admin');
      const cookie = await house.cookieOf(gone);
      await house.app.nest.get(UsersService).remove(gone.id);
      return { cookie };
    },
  },
  { name: 'a garbage header', basic: 'refused', headers: async () => ({ authorization: 'Basic !' }) },
  {
    name: 'a wrong password',
    basic: 'refused',
    headers: async (_, house) => basic((await house.person('admin')).email, 'wrong'),
  },
  {
    name: 'the password of an administrator who is disabled',
    basic: 'refused',
    headers: async (_, house) => {
      const gone = await house.person('admin');
      await house.app.nest.get(UsersService).update(gone.id, { disabled: true });
      return basic(gone.email);
    },
  },
  { name: 'a bearer token', headers: async () => ({ authorization: 'Bearer admin' }) },
  ...(['ann', 'ben', 'admin'] as const).flatMap((who): State[] => [
    {
      name: `the session of ${who}`,
      session: who,
      headers: async (people, house) => ({ cookie: await house.cookieOf(people[who]) }),
    },
    { name: `the password of ${who}`, basic: who, headers: async (people) => basic(people[who].email) },
  ]),
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
    headers: async ({ ben, admin }, house) => ({ cookie: await house.cookieOf(ben), ...basic(admin.email) }),
  },
];

/** An application and those who knock at its door. */
class House {
  readonly #wire: Wire;
  #people = 0;
  #requests = 0;

  private constructor(
    readonly app: TestApp,
    private readonly lifetime: SessionLifetime,
    private readonly dialect: string,
  ) {
    this.#wire = new Wire(app.root);
  }

  static async open(type: string, dialect: string): Promise<House> {
    const isDurable = type.includes('session_db_auth');
    const app = await TestApp.start(
      {
        AUTH_TYPE: type,
        AUTH_COMPAT: dialect,
        SESSION_DURATION: '43200',
        TRUST_PROXY: '1',
        ...(!isDurable && { DATABASE_URL: 'memory:' }),
      },
      { controllers: [BareController] },
    );
    const lifetime =
      type === 'session_auth'
        ? SessionLifetime.unlimited
        : new SessionLifetime({ idle: Infinity, absolute: 43_200_000 });
    return new House(app, lifetime, dialect);
  }

  async person(role: User['role'] = 'user'): Promise<User> {
    return this.app.addUser(`person-${(this.#people += 1)}@example.com`, role);
  }

  async people(): Promise<People> {
    const [ann, ben, admin] = [await this.person(), await this.person(), await this.person('admin')];
    return { ann, ben, admin };
  }

  async cookieOf(user: User): Promise<string> {
    const client = { ip: null, userAgent: null };
    const { token } = await this.app.nest.get(SessionsService).open(user, client, this.lifetime);
    return `sid=${token.reveal()}`;
  }

  /** The status of an answer; each request comes from an address of its own. */
  async ask(
    method: string,
    path: string,
    { ann, ben }: People,
    headers: Record<string, string>,
  ): Promise<number> {
    const number = (this.#requests += 1);
    const origin = ['X-Forwarded-For', `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`] as const;
    const [type, body] = this.#bodyOf(`${method} ${path}`, ben);
    const lines = [origin, ['Content-Type', type] as const, ...Object.entries(headers)];
    const request = requestOf(method, API + path.replace(':id', ann.id), lines, body);
    return (await this.#wire.ask(request, method))?.status ?? 0;
  }

  close(): Promise<void> {
    this.#wire.close();
    return this.app.stop();
  }

  /** A body that the route takes. */
  #bodyOf(route: string, { email }: User): [type: string, body: string | undefined] {
    const credentials = { email, password: PASSWORD };
    if (route === 'POST /auth_session/login' && this.dialect === 'alx')
      return ['application/x-www-form-urlencoded', new URLSearchParams(credentials).toString()];
    const bodies: Record<string, object> = {
      'POST /auth_session/login': credentials,
      'POST /users': { email: `new-${this.#requests}@example.com`, password: PASSWORD },
      'PUT /users/me/password': { current_password: PASSWORD, new_password: 'another good password' },
    };
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

const BARE: Matrix = {
  'GET /bare': [401, 401, 200, 200, 200],
  'POST /bare': [401, 401, 201, 201, 201],
  'DELETE /bare/:id': [401, 401, 200, 200, 200],
};

const HOUSES: readonly (readonly [type: string, dialect: string, matrix: Matrix])[] = [
  ...['basic_auth', 'session_auth', 'session_exp_auth', 'session_db_auth', 'session_db_auth,basic_auth'].map(
    (type) => [type, 'standard', { ...STANDARD, ...BARE }] as const,
  ),
  ...['basic_auth', 'session_db_auth'].map(
    (type) =>
      [
        type,
        'alx',
        {
          ...ALX,
          ...Object.fromEntries(Object.entries(BARE).map(([route, row]) => [route, row.with(1, 403)])),
        } as Matrix,
      ] as const,
  ),
];

describe.each(HOUSES)('Under AUTH_TYPE=%s in %s', (type, dialect, whole) => {
  const remembers = type !== 'basic_auth';
  const matrix = Object.fromEntries(
    Object.entries(whole).filter(([route]) => remembers || !route.includes('auth_session')),
  ) as Matrix;
  const paths = [...new Set(Object.keys(matrix).map((route) => route.split(' ')[1]!))];
  const headersOf = new Map<State, Record<string, string>>();
  let house: House;
  let people: People;

  beforeAll(async () => {
    house = await House.open(type, dialect);
    people = await house.people();
    for (const state of STATES) headersOf.set(state, await state.headers(people, house));
  });

  afterAll(() => house.close());

  /** Whom a state makes of a request here: what the scheme is concerned with decides, sessions first. */
  function whoIs({ name, session, basic: password }: State): Who {
    if (type === 'session_auth' && name === EXPIRED.name) return 'ann';
    if (remembers && session) return session;
    if (type.includes('basic_auth') && password) return password;
    return dialect === 'alx' && name !== 'nothing' ? 'refused' : 'stranger';
  }

  function expected(method: string, path: string, state: State): number {
    const who = whoIs(state);
    const at = (route: string) => matrix[route]?.[WHO.indexOf(who)];
    const rows = METHODS.flatMap((other) => matrix[`${other} ${path}`] ?? []);
    const isPublic = rows.length > 0 && METHODS.every((other) => isOpen(matrix[`${other} ${path}`] ?? OPEN));
    const refusal = dialect === 'alx' ? 403 : 401;
    if (method === 'OPTIONS') return 204;
    const served = at(`${method} ${path}`) ?? (method === 'HEAD' ? at(`GET ${path}`) : undefined);
    // A password is no session to sign out of.
    if (served === 200 && path === '/auth_session/logout' && !state.session) return 404;
    if (served !== undefined) return served;
    if (!isPublic && who === 'stranger') return 401;
    if (!isPublic && who === 'refused') return refusal;
    // No user has the id "me".
    return path === '/users/me' && ['PUT', 'DELETE'].includes(method) ? 404 : 405;
  }

  it('every route that there is stands in the matrix', () => {
    const { routes } = new RouteTable(house.app.nest.get(ModulesContainer), '/');
    expect(routes.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      Object.keys(matrix).toSorted(),
    );
  });

  it.each(paths)('%s answers each method and credential as the matrix says', async (path) => {
    const users = house.app.nest.get(UserStore);
    const before = await Promise.all(Object.values(people).map(({ id }) => users.find(id)));
    const [met, meant]: Record<string, number>[] = [{}, {}];
    for (const method of METHODS) {
      for (const state of STATES) {
        const cell = `${method} with ${state.name}`;
        const status = expected(method, path, state);
        const isUsedUp = status < 300 && !['GET', 'HEAD', 'OPTIONS'].includes(method);
        // A session expires by the time that all others live in: one that is dead already serves again.
        const isSpent = isUsedUp && (state !== EXPIRED || whoIs(state) in people);
        const those = isSpent ? await house.people() : people;
        const headers = isSpent ? await state.headers(those, house) : headersOf.get(state)!;
        meant![cell] = status;
        met![cell] = await house.ask(method, path, those, headers);
      }
    }
    expect(met).toEqual(meant);
    expect(await Promise.all(Object.values(people).map(({ id }) => users.find(id)))).toEqual(before);
  });
});

const OPEN: Row = [0, 0, 0, 0, 0];

/** Whether a route asks nobody who they are. */
function isOpen(row: Row): boolean {
  return new Set(row).size === 1;
}
