import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, Post } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import {
  ALL_USERS,
  ANONYMOUS,
  ALL_EVENTS,
  AuditStore,
  Auth,
  AuthModule,
  type AuthRequest,
  type AuthResult,
  FactorStore,
  Fresh,
  SessionStore,
  SessionsModule,
  SessionsService,
  StorageModule,
  UserStore,
  UsersModule,
  UsersService,
} from 'coatcheck';
import { createApp } from 'coatcheck/server';
import { RouteTable } from '../src/http/route-table.js';
import { type Answer, PASSWORD, TestApp, type Visitor, basic, newDatabase } from './support/app.js';
import { aPasskey, giveFactors } from './support/factors.js';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from './support/services.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FRESH_FOR = 5 * MINUTE;
const NEW_PASSWORD = 'another good password';
const REAUTHENTICATE = '/sessions/current/reauthenticate';
const STALE = { status: 403, body: { code: 'session_not_fresh', max_age: 300 } };

const BOTH = { AUTH_TYPE: 'session_db_auth,token_auth' };

const idOf = ({ cookie }: Visitor) => /=([^.]+)\./.exec(cookie ?? '')?.[1] ?? '';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Another client that has the cookie of one. */
function thiefOf(app: TestApp, { cookie }: Visitor): Visitor {
  return app.visitor({ cookie: cookie! });
}

function reauthenticate(visitor: Visitor, password = PASSWORD): Promise<Answer> {
  return visitor.post(REAUTHENTICATE, { password });
}

let people = 0;

/** Somebody new, who has just signed in. */
async function newcomer(app: TestApp, role: 'user' | 'admin' = 'user', wish: object = {}) {
  const email = `person-${(people += 1)}@example.com`;
  const { id } = await app.addUser(email, role);
  const visitor = app.visitor();
  const login = await visitor.post('/auth_session/login', { email, password: PASSWORD, ...wish });
  expect(login.status).toBe(200);
  return { id, email, visitor, token: login.body.token as string | undefined };
}

/** All that there is of people, their passwords, their factors and their sessions but the times of use. */
async function stateOf(app: TestApp): Promise<unknown> {
  const { users } = await app.nest.get(UserStore).list(ALL_USERS);
  return Promise.all(
    users.map(async (user) => {
      const credential = await app.nest.get(UserStore).findCredential(user.email);
      const sessions = await app.nest.get(SessionsService).list(user);
      const factors = await app.nest.get(FactorStore).find(user.id);
      return [credential, factors, sessions.map(({ id, kind, label }) => ({ id, kind, label }))];
    }),
  );
}

/** What a request that demands a proof is made of: the ids of who asks, of another and of the sessions of both. */
interface Ids {
  readonly me: string;
  readonly myOther: string;
  readonly ann: string;
  readonly annsSession: string;
}

interface Demand {
  readonly route: string;
  readonly path?: (ids: Ids) => string;
  readonly body?: object;
}

const TOKEN = { label: 'Backup', scope: 'write', expires_at: '2026-01-02' };

/** Everything that asks for a proof, with a body that does where the body decides. */
const DEMANDS: readonly Demand[] = [
  { route: 'DELETE /sessions' },
  { route: 'DELETE /sessions/:id', path: ({ myOther }) => `/sessions/${myOther}` },
  { route: 'POST /access_tokens', body: TOKEN },
  { route: 'PUT /users/me/password', body: { new_password: NEW_PASSWORD } },
  { route: 'PUT /users/me/password', body: { new_password: NEW_PASSWORD, current_password: null } },
  { route: 'PUT /users/:id', path: ({ me }) => `/users/${me}`, body: { email: 'one@example.com' } },
  {
    route: 'PUT /users/:id',
    path: ({ ann }) => `/users/${ann}`,
    body: { email: 'two@example.com', first_name: 'Ann' },
  },
  { route: 'PUT /users/:id', path: ({ ann }) => `/users/${ann}`, body: { role: 'admin' } },
  { route: 'PUT /users/:id', path: ({ ann }) => `/users/${ann}`, body: { disabled: true } },
  { route: 'PATCH /users/:id', path: ({ ann }) => `/users/${ann}`, body: { disabled: true } },
  { route: 'PATCH /users/:id', path: ({ me }) => `/users/${me}`, body: { email: 'three@example.com' } },
  { route: 'PUT /users/me', body: { email: 'four@example.com' } },
  { route: 'PATCH /users/me', body: { email: 'five@example.com', first_name: 'Eve' } },
  { route: 'DELETE /users/me' },
  {
    route: 'POST /users/:id/password_reset',
    path: ({ ann }) => `/users/${ann}/password_reset`,
    body: { revoke: true },
  },
  { route: 'DELETE /users/:id', path: ({ ann }) => `/users/${ann}` },
  { route: 'DELETE /users/:id', path: ({ me }) => `/users/${me}` },
  { route: 'DELETE /users/:id/sessions', path: ({ ann }) => `/users/${ann}/sessions` },
  {
    route: 'DELETE /users/:id/sessions/:session',
    path: ({ ann, annsSession }) => `/users/${ann}/sessions/${annsSession}`,
  },
  { route: 'DELETE /users/:id/factors', path: ({ ann }) => `/users/${ann}/factors` },
];

function make({ route, path, body }: Demand, ids: Ids): (visitor: Visitor) => Promise<Answer> {
  const [method = '', pattern = ''] = route.split(' ');
  return (visitor) => visitor.send(method, path?.(ids) ?? pattern, body);
}

const titled = DEMANDS.map((demand) => [demand.route, demand.body ?? {}, demand] as const);

describe('A stolen cookie', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(BOTH);
    await app.addUser('root@example.com', 'admin');
  });

  afterAll(() => app.stop());

  it('is asked for a proof by these routes and no other', () => {
    const { routes } = new RouteTable(app.nest.get(ModulesContainer), '');
    const demanding = routes.filter(({ maxAge }) => maxAge !== null);
    expect(demanding.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      [...new Set(DEMANDS.map(({ route }) => route))].toSorted(),
    );
    expect(new Set(demanding.map(({ maxAge }) => maxAge))).toEqual(new Set([FRESH_FOR]));
  });

  it.each(titled)(
    'changes nothing five minutes after sign-in, and is invalid once the owner reauthenticates: %s %j',
    async (_, __, demand) => {
      const [holder, ann] = [await newcomer(app, 'admin'), await newcomer(app)];
      await giveFactors(app, ann.id, { passkeys: [aPasskey] });
      const other = app.visitor();
      await other.login(holder.email);
      const ids = {
        me: holder.id,
        myOther: idOf(other),
        ann: ann.id,
        annsSession: idOf(ann.visitor),
      };
      const send = make(demand, ids);
      const thief = thiefOf(app, holder.visitor);
      app.clock.advance(FRESH_FOR + 1);
      const before = await stateOf(app);
      expect(await send(thief)).toMatchObject(STALE);
      expect(await stateOf(app)).toEqual(before);

      expect((await reauthenticate(holder.visitor)).status).toBe(200);
      expect((await thief.get('/users/me')).status).toBe(401);
      expect((await send(thief)).status).toBe(401);
      expect(await stateOf(app)).toEqual(before);

      expect([200, 201]).toContain((await send(holder.visitor)).status);
      expect(await stateOf(app)).not.toEqual(before);
    },
  );
});

describe('To reauthenticate', () => {
  let app: TestApp;
  let from = 0;

  beforeAll(async () => {
    app = await TestApp.start({ AUTH_TYPE: 'session_db_auth,token_auth,basic_auth', TRUST_PROXY: '1' });
  });

  afterAll(() => app.stop());

  const elsewhere = () => ({ 'x-forwarded-for': `198.51.100.${(from += 1)}` });
  const eventsOf = async (userId: string) =>
    (await app.nest.get(AuditStore).list({ ...ALL_EVENTS, userId }, 1000, null)).events;

  it.each([
    ['session', {}, 12 * HOUR, 30 * MINUTE],
    ['remembered', { remember: true }, 30 * 24 * HOUR, 14 * 24 * HOUR],
  ] as const)('gives a %s all of its time again, under another token', async (kind, wish, life, idle) => {
    const { visitor } = await newcomer(app, 'user', wish);
    const [id, old] = [idOf(visitor), visitor.cookie!];
    app.clock.advance(20 * MINUTE);
    const now = app.clock.now().getTime();
    const { status, body, headers } = await reauthenticate(visitor);
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        id,
        kind,
        current: true,
        created_at: new Date(now - 20 * MINUTE).toISOString(),
        authenticated_at: new Date(now).toISOString(),
        last_seen_at: new Date(now).toISOString(),
        expires_at: new Date(now + life).toISOString(),
        idle_expires_at: new Date(now + idle).toISOString(),
      }),
    ]);
    expect(body).not.toHaveProperty('token');
    const [cookie, ...others] = headers.getSetCookie();
    expect(others).toEqual([]);
    expect(cookie).toMatch(/; Path=\/;.* HttpOnly; SameSite=Lax$/);
    expect(/Max-Age=(\d+)/.exec(cookie!)?.[1]).toBe(kind === 'remembered' ? String(life / 1000) : undefined);
    expect(visitor.cookie).not.toBe(old);
    expect((await app.visitor({ cookie: old }).get('/users/me')).status).toBe(401);
    expect((await visitor.get('/sessions/current')).body.session).toEqual(body);
  });

  it('gives a bearer session its token in the body, and sets no cookie', async () => {
    const { token } = await newcomer(app, 'user', { transport: 'bearer' });
    app.clock.advance(20 * MINUTE);
    const { status, body, headers } = await reauthenticate(app.visitor(bearer(token!)));
    expect(status).toBe(200);
    expect(body).toMatchObject({ authenticated_at: app.clock.now().toISOString(), transport: 'bearer' });
    expect(headers.getSetCookie()).toEqual([]);
    expect((await app.visitor(bearer(token!)).get('/users/me')).status).toBe(401);
    expect((await app.visitor(bearer(body.token)).delete('/sessions')).status).toBe(200);
  });

  it('takes the right password, and the session lives on where it is wrong', async () => {
    const { visitor } = await newcomer(app);
    app.clock.advance(FRESH_FOR + 1);
    const { cookie } = visitor;
    for (const wrong of ['wrong', PASSWORD.toUpperCase(), 'x'.repeat(257), 'x'.repeat(10_000)]) {
      const answer = await reauthenticate(visitor, wrong);
      expect(answer).toMatchObject({ status: 403, body: { code: 'current_password_wrong' } });
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    for (const none of [undefined, null, '', 7, [PASSWORD]])
      expect(await visitor.post(REAUTHENTICATE, { password: none })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/password' }] },
      });
    expect(visitor.cookie).toBe(cookie);
    expect((await visitor.get('/users/me')).status).toBe(200);
    expect(await visitor.delete('/sessions')).toMatchObject(STALE);
  });

  it('takes a session: neither a Basic credential nor an access token has anything to renew', async () => {
    const { email, visitor } = await newcomer(app);
    const code = async (asker: Visitor) => {
      const { status, body } = await reauthenticate(asker);
      return [status, body.code];
    };
    expect(await code(app.visitor(basic(email)))).toEqual([404, 'not_found']);
    for (const [scope, refusal] of [
      ['write', 'forbidden'],
      ['read', 'scope_required'],
    ]) {
      const { body } = await visitor.post('/access_tokens', { ...TOKEN, scope });
      expect(await code(app.visitor(bearer(body.token)))).toEqual([403, refusal]);
    }
    expect(await code(app.visitor())).toEqual([401, 'credentials_missing']);
  });

  it('is for nobody who is disabled', async () => {
    const { id, visitor } = await newcomer(app);
    await app.nest.get(UsersService).update(id, { disabled: true });
    expect(await reauthenticate(visitor)).toMatchObject({ status: 401, body: { code: 'user_disabled' } });
  });

  it('is a guess like one at sign-in, and the same answer where it does not count', async () => {
    const { visitor } = await newcomer(app);
    const facts = ({ status, body: { requestId: _, ...body } }: Answer) => ({ status, body });
    const wrong = facts(await reauthenticate(visitor, 'guess'));
    for (let made = 1; made < 5; made += 1) await reauthenticate(visitor, 'guess');
    expect(facts(await reauthenticate(visitor))).toEqual(wrong);
    expect((await visitor.get('/users/me')).status).toBe(200);
    app.clock.advance(1000);
    expect((await reauthenticate(visitor)).status).toBe(200);
  });

  it('is limited as a known browser, separately from sign-ins of unknown clients', async () => {
    const { email, visitor } = await newcomer(app);
    for (let made = 0; made < 4; made += 1) await reauthenticate(visitor, 'guess');
    expect((await app.visitor(elsewhere()).login(email, 'guess')).status).toBe(401);
    expect((await app.visitor(elsewhere()).login(email)).status).toBe(200);
    expect((await reauthenticate(visitor, 'guess')).status).toBe(403);
    expect((await reauthenticate(visitor)).status).toBe(403);
    for (let made = 0; made < 30; made += 1) {
      app.clock.advance(15 * MINUTE);
      await visitor.get('/users/me');
      await app.visitor(elsewhere()).login(email, 'guess');
    }
    expect((await app.visitor(elsewhere()).login(email)).status).toBe(401);
    expect((await reauthenticate(visitor)).status).toBe(200);
  });

  it('is allowed to a signed-in user whose network is refused at sign-in', async () => {
    const [{ email, visitor }, here] = [await newcomer(app), elsewhere()];
    for (let made = 0; made < 50; made += 1)
      await app.visitor(here).login(`nobody-${made}@example.com`, 'guess');
    expect((await app.visitor(here).login(email)).status).toBe(429);
    const asked = await visitor.send('POST', REAUTHENTICATE, { password: PASSWORD }, here);
    expect(asked.status).toBe(200);
  });

  it('is told of in the audit trail by the session, without a word of what was tried', async () => {
    const { id, visitor } = await newcomer(app);
    const before = (await eventsOf(id)).length;
    app.clock.advance(FRESH_FOR + 1);
    await visitor.delete('/sessions');
    await reauthenticate(visitor, 'hunter2-hunter2');
    await reauthenticate(visitor);
    const of = { actorId: id, subjectId: id, sessionId: idOf(visitor) };
    const news = (await eventsOf(id)).toReversed().slice(before);
    expect(news).toEqual([
      expect.objectContaining({
        ...of,
        type: 'step_up_demanded',
        details: { route: 'DELETE /api/v1/sessions' },
      }),
      expect.objectContaining({ ...of, type: 'reauthentication_failed', details: {} }),
      expect.objectContaining({ ...of, type: 'reauthenticated', details: {} }),
    ]);
    expect(JSON.stringify(news)).not.toMatch(/hunter2|battery|\$2[aby]\$/);
    expect(JSON.stringify(news)).not.toContain(visitor.cookie!.split('.')[1]);
  });

  it('takes as long for a cheap hash as sign-in does for an address that nobody has', async () => {
    const DATABASE_URL = newDatabase();
    const cheap = await TestApp.start({ ...BOTH, DATABASE_URL });
    const { visitor } = await newcomer(cheap);
    await cheap.stop();
    const dear = await TestApp.start({ ...BOTH, DATABASE_URL, PASSWORD_HASH_COST: '11' });
    try {
      const millisecondsOf = async (work: () => Promise<unknown>) => {
        const began = performance.now();
        await work();
        return performance.now() - began;
      };
      const guess = () => dear.visitor().login('nobody@example.com', 'guess');
      const nobody = [await millisecondsOf(guess), await millisecondsOf(guess)];
      const mine = await millisecondsOf(() => reauthenticate(thiefOf(dear, visitor), 'guess'));
      expect(mine).toBeGreaterThan(Math.min(...nobody) * 0.7);
    } finally {
      await dear.stop();
    }
  });

  it('is out of order where the store is', async () => {
    const other = await TestApp.start(BOTH);
    const { visitor } = await newcomer(other);
    await other.closeStores();
    expect(await reauthenticate(visitor)).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
    await other.stop();
  });

  describe('while something else happens to those who ask', () => {
    /** Sends a request but for its body, and is there when the guard has let it in; the rest is sent when asked for. */
    async function held(
      headers: Readonly<Record<string, string>>,
      sessionId: string,
      password: string,
      {
        line = `POST /api/v1${REAUTHENTICATE}`,
        content = { password },
        after = FRESH_FOR + 1,
      }: { line?: string; content?: object; after?: number } = {},
    ): Promise<() => Promise<{ status: number; code: string }>> {
      app.clock.advance(after);
      const body = JSON.stringify(content);
      const lines = Object.entries({
        host: 'localhost',
        connection: 'close',
        'content-type': 'application/json',
        'content-length': String(body.length),
        ...headers,
      }).map(([name, value]) => `${name}: ${value}\r\n`);
      const socket = connect(Number(new URL(app.root).port), '127.0.0.1');
      socket.write(`${line} HTTP/1.1\r\n${lines.join('')}\r\n`);
      const [sessions, now] = [app.nest.get(SessionStore), app.clock.now()];
      while ((await sessions.find(sessionId, now))!.lastSeenAt < now) await new Promise(setImmediate);
      return async () => {
        socket.write(body);
        const answer = await text(socket);
        return {
          status: Number(answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)),
          code: /"code":"(\w+)"/.exec(answer)?.[1] ?? '',
        };
      };
    }

    it('is good for nothing after the password has changed', async () => {
      for (const password of [PASSWORD, NEW_PASSWORD]) {
        const { email, visitor } = await newcomer(app);
        const there = app.visitor();
        await there.login(email);
        const release = await held({ cookie: visitor.cookie! }, idOf(visitor), password);
        const change = { current_password: PASSWORD, new_password: NEW_PASSWORD };
        expect((await there.put('/users/me/password', change)).status).toBe(200);
        expect(await release()).toEqual({ status: 401, code: 'password_changed' });
        expect((await visitor.get('/users/me')).status).toBe(401);
      }
    });

    it('is good for nothing after the session was ended', async () => {
      const { visitor } = await newcomer(app);
      const release = await held({ cookie: visitor.cookie! }, idOf(visitor), PASSWORD);
      await app.nest.get(SessionsService).end(idOf(visitor), 'ended_elsewhere');
      expect(await release()).toEqual({ status: 401, code: 'session_ended_elsewhere' });
      expect((await visitor.get('/users/me')).status).toBe(401);
    });

    it('sets no password for who was fresh, but held the request back until the session was over', async () => {
      for (const isOver of [false, true]) {
        const { email, visitor } = await newcomer(app);
        const release = await held({ cookie: visitor.cookie! }, idOf(visitor), PASSWORD, {
          line: 'PUT /api/v1/users/me/password',
          content: { new_password: NEW_PASSWORD },
          after: 2 * MINUTE,
        });
        if (isOver) await app.nest.get(SessionsService).end(idOf(visitor), 'ended_elsewhere');
        expect(await release()).toEqual(
          isOver ? { status: 401, code: 'session_ended_elsewhere' } : { status: 200, code: '' },
        );
        expect((await app.visitor().login(email, isOver ? PASSWORD : NEW_PASSWORD)).status).toBe(200);
      }
    });

    it('takes no password of another who has got the address by now', async () => {
      const [ann, users] = [await newcomer(app), app.nest.get(UsersService)];
      const ben = await app.addUser('ben@example.com', 'user', NEW_PASSWORD);
      const release = await held({ cookie: ann.visitor.cookie! }, idOf(ann.visitor), NEW_PASSWORD);
      await users.update(ann.id, { email: 'ann-elsewhere@example.com' });
      await users.update(ben.id, { email: ann.email });
      expect(await release()).toEqual({ status: 403, code: 'current_password_wrong' });
      expect(await ann.visitor.delete('/sessions')).toMatchObject(STALE);
    });

    it('renews no other session of the request if the one that counts has ended', async () => {
      const [ann, mallory] = [await newcomer(app, 'user', { transport: 'bearer' }), await newcomer(app)];
      const headers = { cookie: mallory.visitor.cookie!, ...bearer(ann.token!) };
      const release = await held(headers, idOf(mallory.visitor), PASSWORD);
      await app.nest.get(SessionsService).end(idOf(mallory.visitor), 'ended_elsewhere');
      expect(await release()).toEqual({ status: 401, code: 'session_ended_elsewhere' });
      expect(await app.visitor(bearer(ann.token!)).delete('/sessions')).toMatchObject(STALE);
    });
  });
});

interface Place {
  readonly variables: Readonly<Record<string, string>>;
  readonly drop: () => Promise<void>;
}

const PLACES: readonly (readonly [
  string,
  describe: (title: string, clauses: () => void) => void,
  open: () => Promise<Place>,
])[] = [
  ['SQLite', describe, async () => ({ variables: {}, drop: async () => {} })],
  [
    'PostgreSQL',
    describeWithPostgres,
    async () => {
      const { url, drop } = await newSchema();
      return { variables: { DATABASE_URL: url }, drop };
    },
  ],
  [
    'Redis',
    describeWithRedis,
    async () => {
      const { url, drop } = newPrefix();
      return { variables: { SESSION_STORE_URL: url }, drop };
    },
  ],
];

for (const [name, describeHere, open] of PLACES) {
  describeHere(`On ${name} proofs that are given at once`, () => {
    const ROUNDS = 5;
    let app: TestApp;
    let place: Place;

    beforeAll(async () => {
      place = await open();
      app = await TestApp.start({ ...BOTH, ...place.variables });
    });

    afterAll(async () => {
      await app.stop();
      await place.drop();
    });

    const times = <T>(work: () => Promise<T>) => Promise.all(Array.from({ length: 8 }, work));

    it.each(['cookie', 'bearer'] as const)(
      'renew a session once, and the winner is signed in: %s',
      async (transport) => {
        for (let round = 0; round < ROUNDS; round += 1) {
          const { visitor, token } = await newcomer(app, 'user', { transport });
          app.clock.advance(FRESH_FOR + 1);
          const headers = transport === 'cookie' ? { cookie: visitor.cookie! } : bearer(token!);
          const tries = await times(async () => {
            const one = app.visitor(headers);
            return { one, answer: await reauthenticate(one) };
          });
          const [winner, ...losers] = tries.toSorted((a, b) => a.answer.status - b.answer.status);
          expect(winner!.answer.status).toBe(200);
          for (const { answer } of losers)
            expect([answer.status, answer.body.code]).toEqual([401, 'credentials_invalid']);
          const after = transport === 'cookie' ? winner!.one : app.visitor(bearer(winner!.answer.body.token));
          expect((await app.visitor(headers).get('/users/me')).status).toBe(401);
          expect(await after.delete('/sessions')).toMatchObject({ status: 200, body: { ended: 0 } });
        }
      },
    );

    it('bring back no session that is ended meanwhile', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { email, visitor } = await newcomer(app);
        const there = app.visitor();
        await there.login(email);
        const [answer, ended] = await Promise.all([reauthenticate(visitor), there.delete('/sessions')]);
        expect([200, 401]).toContain(answer.status);
        expect(ended.body).toEqual({ ended: 1 });
        expect((await app.visitor({ cookie: visitor.cookie ?? '' }).get('/users/me')).status).toBe(401);
        expect((await there.get('/sessions')).body).toHaveLength(1);
      }
    });

    it('change a password once that is changed by their strength', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { visitor } = await newcomer(app);
        const tries = await times(async () => {
          const one = thiefOf(app, visitor);
          return { one, answer: await one.put('/users/me/password', { new_password: NEW_PASSWORD }) };
        });
        const [winner, ...losers] = tries.toSorted((a, b) => a.answer.status - b.answer.status);
        expect(winner!.answer.status).toBe(200);
        for (const { answer } of losers) expect(answer.status).toBe(401);
        expect((await winner!.one.get('/users/me')).status).toBe(200);
      }
    });
  });
}

describe('A proof', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({ AUTH_TYPE: 'session_db_auth,token_auth,basic_auth' });
  });

  afterAll(() => app.stop());

  it.each([
    ['session', {}],
    ['remembered', { remember: true }],
    ['bearer', { transport: 'bearer' }],
    ['remembered bearer', { transport: 'bearer', remember: true }],
  ] as const)('is fresh for five minutes to the millisecond, however busy a %s is', async (_, wish) => {
    const { visitor: signedIn, token } = await newcomer(app, 'user', wish);
    const visitor = token === undefined ? signedIn : app.visitor(bearer(token));
    for (let minute = 0; minute < 5; minute += 1) {
      app.clock.advance(MINUTE);
      expect((await visitor.get('/users/me')).status).toBe(200);
    }
    expect((await visitor.delete('/sessions')).status).toBe(200);
    app.clock.advance(1);
    expect(await visitor.delete('/sessions')).toMatchObject(STALE);
  });

  it('is in every request with a password', async () => {
    const { email } = await newcomer(app);
    const visitor = app.visitor(basic(email));
    expect((await visitor.delete('/sessions')).body).toEqual({ ended: 1 });
    app.clock.advance(24 * HOUR);
    expect((await visitor.post('/access_tokens', TOKEN)).status).toBe(400);
    expect((await visitor.put('/users/me/password', { new_password: NEW_PASSWORD })).status).toBe(200);
  });

  it('is in no access token, however new', async () => {
    const { id, visitor } = await newcomer(app);
    const expires_at = new Date(app.clock.now().getTime() + HOUR).toISOString();
    const { body } = await visitor.post('/access_tokens', { ...TOKEN, expires_at });
    const program = app.visitor(bearer(body.token));
    expect(await program.delete('/sessions')).toMatchObject(STALE);
    expect(await program.post('/access_tokens', { ...TOKEN, expires_at })).toMatchObject(STALE);
    expect(await program.put('/users/me/password', { new_password: NEW_PASSWORD })).toMatchObject(STALE);
    expect((await program.put(`/users/${id}`, { first_name: 'Ada' })).status).toBe(200);
  });

  it('is not asked for by a change of names alone', async () => {
    const { id, visitor } = await newcomer(app);
    app.clock.advance(FRESH_FOR + 1);
    for (const body of [
      { first_name: 'Ada' },
      { last_name: 'Lee', first_name: null },
      { first_name: 'Ada', last_name: 'Lee' },
      {},
    ])
      for (const [method, path] of [
        ['PUT', id],
        ['PATCH', id],
        ['PUT', 'me'],
        ['PATCH', 'me'],
      ] as const)
        expect((await visitor.send(method, `/users/${path}`, body)).status).toBe(200);
    expect(await visitor.put(`/users/${id}`, { first_name: 'Eve', email: 'eve@example.com' })).toMatchObject(
      STALE,
    );
    expect((await visitor.get('/users/me')).body).toMatchObject({ first_name: 'Ada', last_name: 'Lee' });
  });
});

@Controller('coats')
class CoatsController {
  @Post()
  @Fresh('5m')
  sell() {
    return {};
  }
}

/** Whoever is named in a header; only for those who may be believed. */
@Injectable()
class NameAuth extends Auth {
  readonly challenges = ['Name'];
  protected readonly proof: { readonly isProven?: true } = {};

  constructor(private readonly users: UsersService) {
    super();
  }

  async authenticate({ headers }: AuthRequest): Promise<AuthResult> {
    const user = await this.users.findByEmail(String(headers['x-name']));
    return user ? { outcome: 'authenticated', principal: { user, session: null, ...this.proof } } : ANONYMOUS;
  }
}

@Injectable()
class ProvenNameAuth extends NameAuth {
  protected override readonly proof = { isProven: true } as const;
}

describe('A strategy of one’s own', () => {
  it.each([
    ['without a session is never fresh', NameAuth, 403],
    ['is fresh where it says that the request is a proof', ProvenNameAuth, 201],
  ] as const)('%s', async (_, strategy, status) => {
    @Module({
      imports: [
        StorageModule.forRoot({ database: 'memory:' }),
        UsersModule.forRoot({ passwordCost: 4 }),
        SessionsModule.forRoot(),
        AuthModule.forRoot({ type: 'name', strategies: { name: strategy } }),
      ],
      controllers: [CoatsController],
    })
    class CoatsModule {}
    const app = await createApp(CoatsModule, { prefix: '/api' }, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    try {
      const email = 'ann@example.com';
      await app
        .get(UsersService)
        .create({ email, password: PASSWORD, firstName: null, lastName: null }, 'user');
      const headers = { 'x-name': email };
      const answer = await fetch(`${await app.getUrl()}/api/coats`, { method: 'POST', headers });
      expect(answer.status).toBe(status);
      if (status === 403) expect(await answer.json()).toMatchObject(STALE.body);
    } finally {
      await app.close();
    }
  });
});

describe('A new password from who has just given the old one', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(BOTH);
  });

  afterAll(() => app.stop());

  const change = (visitor: Visitor, new_password: unknown = NEW_PASSWORD) =>
    visitor.put('/users/me/password', { new_password });

  it.each([
    ['session', {}, undefined],
    ['remembered', { remember: true }, '2592000'],
  ] as const)(
    'ends all sessions and access tokens but a new %s for this client',
    async (kind, wish, maxAge) => {
      const { email, visitor } = await newcomer(app, 'user', wish);
      await visitor.send('PATCH', `/sessions/${idOf(visitor)}`, { label: 'At home' });
      const there = app.visitor();
      await there.login(email);
      const expires_at = new Date(app.clock.now().getTime() + HOUR).toISOString();
      const { body: made } = await there.post('/access_tokens', { ...TOKEN, expires_at });
      const old = thiefOf(app, visitor);
      const answer = await change(visitor);
      expect(answer.status).toBe(200);
      const [cookie, ...others] = answer.headers.getSetCookie();
      expect(others).toEqual([]);
      expect(/Max-Age=(\d+)/.exec(cookie!)?.[1]).toBe(maxAge);
      const over = { code: 'password_changed', ended_at: app.clock.now().toISOString() };
      for (const one of [old, there, app.visitor(bearer(made.token))])
        expect(await one.get('/users/me')).toMatchObject({ status: 401, body: over });
      expect((await visitor.get('/sessions')).body).toMatchObject([
        { id: idOf(visitor), kind, label: 'At home', current: true, transport: 'cookie' },
      ]);
      expect((await app.visitor().login(email)).status).toBe(401);
      expect((await app.visitor().login(email, NEW_PASSWORD)).status).toBe(200);
    },
  );

  it('gives a bearer session its new token in the body', async () => {
    const { token } = await newcomer(app, 'user', { transport: 'bearer', remember: true });
    const { status, body, headers } = await change(app.visitor(bearer(token!)));
    expect([status, headers.getSetCookie()]).toEqual([200, []]);
    expect((await app.visitor(bearer(token!)).get('/users/me')).status).toBe(401);
    expect((await app.visitor(bearer(body.token)).get('/sessions')).body).toMatchObject([
      { kind: 'remembered', transport: 'bearer' },
    ]);
  });

  it('has to be as good as any', async () => {
    const { email, visitor } = await newcomer(app);
    const before = await stateOf(app);
    for (const bad of [
      'short',
      PASSWORD,
      'passwordpassword',
      'qwertyuiopasdfg',
      `${email} 1`,
      'x'.repeat(257),
      '',
      null,
      7,
    ])
      expect(await change(visitor, bad)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/new_password' }] },
      });
    expect(await stateOf(app)).toEqual(before);
  });

  it('is taken long after, with the old one', async () => {
    const { visitor } = await newcomer(app);
    app.clock.advance(FRESH_FOR + 1);
    const body = { current_password: 'wrong', new_password: NEW_PASSWORD };
    expect(await visitor.put('/users/me/password', body)).toMatchObject({
      status: 403,
      body: { code: 'current_password_wrong' },
    });
    expect(await visitor.put('/users/me/password', { ...body, current_password: PASSWORD })).toMatchObject({
      status: 200,
    });
  });
});

describe('Under the course contract', () => {
  let app: TestApp;

  beforeEach(async () => {
    app = await TestApp.start({ AUTH_TYPE: 'session_db_auth', AUTH_COMPAT: 'alx' });
  });

  afterEach(() => app.stop());

  const login = async (email: string) => {
    const visitor = app.visitor();
    await visitor.post('/auth_session/login', new URLSearchParams({ email, password: PASSWORD }));
    return visitor;
  };

  it.each(titled.filter(([route]) => !/access_tokens|password|factors|\/me$|^PATCH \/users/.test(route)))(
    'asks nobody to reauthenticate: %s %j',
    async (_, __, demand) => {
      await app.addUser('root@example.com', 'admin');
      const [me, ann] = [await app.addUser('me@example.com', 'admin'), await app.addUser('ann@example.com')];
      const [visitor, other, anns] = [await login(me.email), await login(me.email), await login(ann.email)];
      const ids = { me: me.id, myOther: idOf(other), ann: ann.id, annsSession: idOf(anns) };
      app.clock.advance(24 * HOUR);
      expect((await make(demand, ids)(visitor)).status).toBe(200);
    },
  );

  it('always requires the old password for a new one', async () => {
    await app.addUser('ann@example.com');
    const visitor = await login('ann@example.com');
    for (const body of [
      { new_password: NEW_PASSWORD },
      { new_password: NEW_PASSWORD, current_password: null },
    ])
      expect((await visitor.put('/users/me/password', body)).status).toBe(400);
    const body = { new_password: NEW_PASSWORD, current_password: PASSWORD };
    expect((await visitor.put('/users/me/password', body)).status).toBe(200);
  });
});
