import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UsersService } from 'coatcheck';
import { type Answer, PASSWORD, TestApp, type Visitor, basic } from './support/app.js';
import { Server, newFolder, makeDatabase, operate } from './support/server.js';
import { STORAGES } from './support/storages.js';
import { Wire, requestOf } from './support/wire.js';

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];
const BEARER = { transport: 'bearer' };
const TYPES = [
  'session_db_auth,token_auth',
  'token_auth',
  'token_auth,session_db_auth',
  'session_db_auth,token_auth,basic_auth',
];
const { memory: _, ...DURABLE } = STORAGES;
const REALM = 'realm="coatcheck"';

/** An application, its people, and the ways in. */
class Harness {
  #people = 0;

  constructor(readonly app: TestApp) {}

  static async open(variables: Readonly<Record<string, string>>): Promise<Harness> {
    return new Harness(await TestApp.start({ STORE_TIMEOUT: '10s', ...variables }));
  }

  /** Somebody new, whose address this is. */
  async newcomer(role: 'user' | 'admin' = 'user'): Promise<string> {
    const email = `visitor-${(this.#people += 1)}@example.com`;
    await this.app.addUser(email, role);
    return email;
  }

  async signedIn(email: string, wish: object): Promise<Visitor> {
    const visitor = this.app.visitor();
    expect(await visitor.login(email, PASSWORD, wish)).toMatchObject({ status: 200, body: { email } });
    return visitor;
  }

  async bearer(): Promise<Visitor> {
    return this.signedIn(await this.newcomer(), BEARER);
  }

  holder(bearer: string | null, cookie: string | null = null): Visitor {
    return Object.assign(this.app.visitor(), { bearer, cookie });
  }

  at(ms: number): string {
    return new Date(this.app.clock.now().getTime() + ms).toISOString();
  }

  /** What somebody makes for a program. */
  async accessToken(maker: Visitor, wish: object = {}): Promise<{ program: Visitor; id: string }> {
    const all = { label: 'Backup', scope: 'write', expires_at: this.at(30 * DAY), ...wish };
    const { status, body } = await maker.post('/access_tokens', all);
    expect(status).toBe(201);
    return { program: this.holder(body.token), id: body.id };
  }
}

const current = async (visitor: Visitor) => (await visitor.get('/sessions/current')).body.session;

function expectRejection(answer: Answer, code: string): void {
  expect(answer).toMatchObject({ status: 401, body: { code } });
}

for (const [name, storage] of Object.entries(DURABLE))
  for (const type of TYPES)
    storage.describe(`A bearer under AUTH_TYPE=${type} on ${name}`, () => {
      const [first = ''] = type.split(',');
      const takesCookies = type.includes('session_db_auth');
      let harness: Harness;
      let drop: () => Promise<unknown>;

      beforeAll(async () => {
        const { variables, drop: dropIt } = await storage.open();
        drop = dropIt;
        harness = await Harness.open({ AUTH_TYPE: type, ...variables });
      });

      afterAll(async () => {
        await harness.app.stop();
        await drop();
      });

      it('gets its token in one answer only', async () => {
        const email = await harness.newcomer();
        const visitor = harness.app.visitor();
        const { body, headers } = await visitor.login(email, PASSWORD, BEARER);
        expect(body).toMatchObject({ email, token: expect.stringMatching(/^[\w-]{22}\.[\w-]{43}$/) });
        expect(headers.get('cache-control')).toContain('no-store');
        const [, secret] = visitor.bearer!.split('.');
        const { id } = await current(visitor);
        const answers = [
          await visitor.get('/users/me'),
          await visitor.get('/sessions'),
          await visitor.get('/sessions/current'),
          await visitor.send('PATCH', `/sessions/${id}`, { label: 'Phone' }),
          await visitor.post('/sessions/current/reauthenticate', { password: 'a wrong password' }),
          await visitor.delete('/sessions'),
          await visitor.get('/nowhere'),
        ];
        for (const answer of answers) {
          expect(answer.body).not.toHaveProperty('token');
          expect(JSON.stringify([answer.body, [...answer.headers]])).not.toContain(secret);
        }
        expect([...headers].join()).not.toContain(secret);
      });

      it('sees, names, renews and leaves their session, and never has a cookie set or cleared', async () => {
        const ann = await harness.bearer();
        const { id } = await current(ann);
        const answers: Answer[] = [];
        const note = async (answer: Promise<Answer>) => {
          answers.push(await answer);
          return answer;
        };
        expect((await note(ann.get('/sessions'))).body).toMatchObject([
          { id, current: true, kind: 'session', transport: 'bearer', scope: 'write', label: null },
        ]);
        await note(ann.send('PATCH', `/sessions/${id}`, { label: 'Phone' }));
        expect(await current(ann)).toMatchObject({ id, label: 'Phone' });
        const before = harness.holder(ann.bearer);
        harness.app.clock.advance(10 * MINUTE);
        const password = PASSWORD;
        const renewed = await note(ann.post('/sessions/current/reauthenticate', { password }));
        expect(renewed).toMatchObject({ status: 200, body: { id, authenticated_at: harness.at(0) } });
        expect(renewed.body.token).not.toBe(before.bearer);
        expectRejection(await note(before.get('/users/me')), 'credentials_invalid');
        expect((await note(ann.get('/users/me'))).status).toBe(200);
        expect(await note(ann.delete('/auth_session/logout'))).toMatchObject({ status: 200, body: {} });
        expect(await note(ann.get('/users/me'))).toMatchObject({
          status: 401,
          body: { code: 'session_signed_out', ended_at: harness.at(0) },
        });
        for (const { headers } of answers) {
          expect(headers.getSetCookie()).toEqual([]);
          expect(headers.get('clear-site-data')).toBeNull();
        }
      });

      it('may ask to be remembered, without a cookie', async () => {
        const ann = harness.app.visitor();
        const answer = await ann.login(await harness.newcomer(), PASSWORD, { ...BEARER, remember: true });
        expect(answer.headers.getSetCookie()).toEqual([]);
        expect(await current(ann)).toMatchObject({
          kind: 'remembered',
          transport: 'bearer',
          expires_at: harness.at(30 * DAY),
          idle_expires_at: harness.at(14 * DAY),
        });
        harness.app.clock.advance(DAY);
        expect((await ann.get('/users/me')).headers.getSetCookie()).toEqual([]);
      });

      it('is told of the idle limit and of the absolute one, to the second', async () => {
        const [idle, busy] = [await harness.bearer(), await harness.bearer()];
        harness.app.clock.advance(30 * MINUTE - SECOND);
        expect((await busy.get('/users/me')).status).toBe(200);
        harness.app.clock.advance(SECOND);
        expect(await idle.get('/users/me')).toMatchObject({
          status: 401,
          body: { code: 'session_expired_idle', ended_at: harness.at(0) },
        });
        const { expires_at } = await current(busy);
        const left = () => Date.parse(expires_at) - harness.app.clock.now().getTime();
        while (left() > 29 * MINUTE) {
          harness.app.clock.advance(29 * MINUTE);
          expect((await busy.get('/users/me')).status).toBe(200);
        }
        harness.app.clock.advance(left() - SECOND);
        expect((await busy.get('/users/me')).status).toBe(200);
        harness.app.clock.advance(SECOND);
        expect(await busy.get('/users/me')).toMatchObject({
          status: 401,
          body: { code: 'session_expired_absolute', ended_at: expires_at },
        });
      });

      it('is told that the session was ended elsewhere, and others learn nothing', async () => {
        const email = await harness.newcomer();
        const [here, there] = [await harness.signedIn(email, BEARER), await harness.signedIn(email, BEARER)];
        const { id } = await current(there);
        expect((await here.delete(`/sessions/${id}`)).status).toBe(200);
        expect(await there.get('/users/me')).toMatchObject({
          status: 401,
          body: { code: 'session_ended_elsewhere', ended_at: harness.at(0) },
        });
        const guess = harness.holder(`${id}.${'A'.repeat(43)}`);
        expectRejection(await guess.get('/users/me'), 'credentials_invalid');
      });

      it('goes on by a new token when they change their password', async () => {
        const ann = await harness.bearer();
        const before = harness.holder(ann.bearer);
        const change = { current_password: PASSWORD, new_password: 'another good password' };
        const { body, headers } = await ann.put('/users/me/password', change);
        expect(body.token).not.toBe(before.bearer);
        expect(headers.getSetCookie()).toEqual([]);
        expectRejection(await before.get('/users/me'), 'password_changed');
        expect(await current(ann)).toMatchObject({ transport: 'bearer', kind: 'session' });
      });

      it('is asked for a token by a challenge', async () => {
        const scheme = first === 'token_auth' ? 'Bearer' : 'Session';
        const challengeOf = async (visitor: Visitor) =>
          (await visitor.get('/users/me')).headers.get('www-authenticate');
        expect(await challengeOf(harness.app.visitor())).toContain(`${scheme} ${REALM}`);
        expect(await challengeOf(harness.holder('forged'))).toContain(
          `Bearer ${REALM}, error="invalid_token"`,
        );
      });

      it('is known by the whole header alone, whatever its letters, and no other ever breaks the server', async () => {
        const ann = await harness.bearer();
        const wire = new Wire(harness.app.root);
        const statusOf = async (...values: string[]) => {
          const headers = values.map((value) => ['Authorization', value] as const);
          const answer = await wire.ask(requestOf('GET', '/api/v1/users/me', headers), 'GET');
          return answer?.status;
        };
        const token = ann.bearer!;
        const [id, secret] = token.split('.');
        const good = ['Bearer', 'bearer', 'BEARER', 'bEaReR'].map((scheme) => `${scheme} ${token}`);
        for (const value of [...good, `Bearer   ${token}`, `Bearer ${token}  `])
          expect([value, await statusOf(value)]).toEqual([value, 200]);
        for (const value of [
          'Bearer',
          'Bearer ',
          `Bearer${token}`,
          `Bearer=${token}`,
          `Bearer:${token}`,
          `Bearer\t${token}`,
          `Token ${token}`,
          `Basic ${token}`,
          `Bearer "${token}"`,
          `Bearer token="${token}"`,
          `Bearer ${token}, Bearer ${token}`,
          `Bearer ${token} ${token}`,
          `Bearer ${token},`,
          `Bearer ${token}=`,
          `Bearer ${token}.`,
          `Bearer ${id}%2E${secret}`,
          `Bearer %${token.charCodeAt(0).toString(16)}${token.slice(1)}`,
          `Bearer ${id}`,
          `Bearer ${id}.`,
          `Bearer .${secret}`,
          `Bearer ${id} .${secret}`,
          `Bearer ${token.toUpperCase()}`,
          `Bearer ${token}\u00e9`,
          `Bearer ${'a'.repeat(10_000)}`,
          `Bearer ${token}${'a'.repeat(10_000)}`,
          `${'Bearer '.repeat(1000)}${token}`,
        ])
          expect([value, await statusOf(value)]).toEqual([value, 401]);
        expect(await statusOf('Bearer forged', `Bearer ${token}`)).toBe(401);
        expect(await statusOf(`Bearer ${token}`)).toBe(200);
        wire.close();
      });

      it('is nobody by a token in any other place', async () => {
        const token = (await harness.bearer()).bearer!;
        const places: (readonly [path: string, headers: Record<string, string>])[] = [
          ...['access_token', 'token', 'authorization', 'bearer'].map(
            (field) => [`/users/me?${field}=${token}`, {}] as const,
          ),
          ...['x-authorization', 'proxy-authorization', 'x-access-token', 'x-api-key', 'token'].map(
            (field) => ['/users/me', { [field]: `Bearer ${token}` }] as const,
          ),
          ...['token', 'bearer', 'authorization', 'access_token'].map(
            (field) => ['/users/me', { cookie: `${field}=${token}` }] as const,
          ),
        ];
        for (const [path, headers] of places)
          expectRejection(await harness.app.visitor(headers).get(path), 'credentials_missing');
        const body = { access_token: token, token };
        expectRejection(await harness.app.visitor().put('/users/me', body), 'credentials_missing');
      });

      it('is bound by the rules for pages of other sites beside a cookie of ours', async () => {
        const ann = await harness.bearer();
        for (const [field, value] of [
          ['origin', 'https://evil.example'],
          ['sec-fetch-site', 'cross-site'],
        ] as const)
          expect(
            await ann.send('DELETE', '/auth_session/logout', undefined, { [field]: value, cookie: 'sid=x' }),
          ).toMatchObject({
            status: 403,
            body: { code: 'cross_site_request' },
          });
        expect((await ann.get('/users/me')).status).toBe(200);
      });

      it.each(['Cookie', 'BEARER', 'header', '', 1, true, ['bearer'], {}])(
        'asks for a transport that there is: %j is none',
        async (transport) => {
          const email = await harness.newcomer();
          expect(await harness.app.visitor().login(email, PASSWORD, { transport })).toMatchObject({
            status: 400,
            body: { errors: [{ pointer: '/transport' }] },
          });
        },
      );

      if (takesCookies) {
        it('has a token that is worthless in a cookie, as a cookie is in the header', async () => {
          const email = await harness.newcomer();
          const visitors = [await harness.signedIn(email, BEARER), await harness.signedIn(email, {})];
          const [bearer, cookie] = visitors as [Visitor, Visitor];
          const watcher = await harness.signedIn(email, {});
          const seen = async () => {
            const { body } = await watcher.get('/sessions');
            const list = body as Record<string, unknown>[];
            return list
              .filter((session) => session.current === false)
              .map(({ id, last_seen_at, expires_at, idle_expires_at }) => ({
                id,
                last_seen_at,
                expires_at,
                idle_expires_at,
              }));
          };
          harness.app.clock.advance(20 * MINUTE);
          const before = await seen();
          expect(before).toHaveLength(2);
          const misused = [
            harness.holder(null, `sid=${bearer.bearer}`),
            harness.holder(cookie.cookie!.replace('sid=', '')),
          ];
          for (const visitor of misused) {
            const [{ bearer: held, cookie: kept }] = [{ ...visitor }];
            for (const [method, path] of [
              ['GET', '/users/me'],
              ['GET', '/sessions/current'],
              ['DELETE', '/auth_session/logout'],
              ['POST', '/sessions/current/reauthenticate'],
            ] as const) {
              Object.assign(visitor, { bearer: held, cookie: kept });
              const body = method === 'POST' ? { password: PASSWORD } : undefined;
              expectRejection(await visitor.send(method, path, body), 'credentials_invalid');
            }
          }
          expect(await seen()).toEqual(before);
          expect((await bearer.get('/users/me')).status).toBe(200);
          expect((await cookie.get('/users/me')).status).toBe(200);
        });

        it('is who the first scheme says where a cookie comes along, and no other rescues what that rejects', async () => {
          const emails = [await harness.newcomer(), await harness.newcomer()];
          const [bearer, cookie] = [
            await harness.signedIn(emails[0]!, BEARER),
            await harness.signedIn(emails[1]!, {}),
          ];
          const isBearerFirst = first === 'token_auth';
          const both = () => harness.holder(bearer.bearer, cookie.cookie);
          expect((await both().get('/users/me')).body.email).toBe(emails[isBearerFirst ? 0 : 1]);
          const badBearer = harness.holder('forged', cookie.cookie);
          const badCookie = harness.holder(bearer.bearer, 'sid=forged');
          expect((await badBearer.get('/users/me')).status).toBe(isBearerFirst ? 401 : 200);
          expect((await badCookie.get('/users/me')).status).toBe(isBearerFirst ? 200 : 401);
          if (type.includes('basic_auth'))
            expectRejection(
              await harness.app.visitor({ ...basic(emails[0]!), cookie: 'sid=forged' }).get('/users/me'),
              'credentials_invalid',
            );
          expect((await both().delete('/auth_session/logout')).status).toBe(200);
          expect((await bearer.get('/users/me')).status).toBe(isBearerFirst ? 401 : 200);
          expect((await cookie.get('/users/me')).status).toBe(isBearerFirst ? 200 : 401);
        });

        it("makes no other's stale session fresh by a password of their own", async () => {
          const [victim, mallory] = [await harness.newcomer(), await harness.newcomer()];
          const isBearerFirst = first === 'token_auth';
          const stolen = await harness.signedIn(victim, isBearerFirst ? {} : BEARER);
          harness.app.clock.advance(10 * MINUTE);
          const own = await harness.signedIn(mallory, isBearerFirst ? BEARER : {});
          const attempts = Array.from({ length: 6 }, () =>
            harness
              .holder(stolen.bearer ?? own.bearer, stolen.cookie ?? own.cookie)
              .post('/sessions/current/reauthenticate', { password: PASSWORD }),
          );
          const outs = Array.from({ length: 3 }, () =>
            harness
              .holder(stolen.bearer ?? own.bearer, stolen.cookie ?? own.cookie)
              .delete('/auth_session/logout'),
          );
          const { id } = await current(stolen);
          for (const { status, body } of await Promise.all(attempts))
            if (status === 200) expect(body.id).not.toBe(id);
          await Promise.all(outs);
          expect((await stolen.get('/users/me')).status).toBe(200);
          expect((await stolen.delete('/sessions')).body).toMatchObject({ code: 'session_not_fresh' });
        });
      } else {
        it('is what a login issues, as no cookie is taken', async () => {
          const email = await harness.newcomer();
          for (const wish of [{}, { transport: null }, BEARER]) {
            const { status, headers, body } = await harness.app.visitor().login(email, PASSWORD, wish);
            expect([status, headers.getSetCookie()]).toEqual([200, []]);
            expect(body).toMatchObject({ email, token: expect.any(String) });
          }
          const { bearer } = await harness.signedIn(email, BEARER);
          const answer = await harness.holder(null, `sid=${bearer}`).get('/users/me');
          expectRejection(answer, 'credentials_missing');
          expect(answer.headers.getSetCookie()).toEqual([]);
        });
      }
    });

for (const [name, storage] of Object.entries(DURABLE))
  storage.describe(`An access token on ${name}`, () => {
    let harness: Harness;
    let opened: Awaited<ReturnType<typeof storage.open>>;

    beforeAll(async () => {
      opened = await storage.open();
      harness = await Harness.open({
        AUTH_TYPE: 'session_db_auth,token_auth,basic_auth',
        ...opened.variables,
      });
    });

    afterAll(async () => {
      await harness.app.stop();
      await opened.drop();
    });

    const wish = () => ({ label: 'Backup', scope: 'write', expires_at: harness.at(DAY) });

    it('is made by who has lately proven who they are: at a browser, as a bearer, or in the request', async () => {
      const email = await harness.newcomer();
      const makers = [
        await harness.signedIn(email, {}),
        await harness.signedIn(email, BEARER),
        harness.app.visitor(basic(email)),
      ];
      for (const maker of makers) {
        const answer = await maker.post('/access_tokens', wish());
        expect(answer).toMatchObject({
          status: 201,
          body: {
            current: false,
            kind: 'access_token',
            transport: 'bearer',
            scope: 'write',
            label: 'Backup',
            expires_at: harness.at(DAY),
            idle_expires_at: null,
            token: expect.stringMatching(/^[\w-]{22}\.[\w-]{43}$/),
          },
        });
        expect(answer.headers.getSetCookie()).toEqual([]);
        expect((await harness.holder(answer.body.token).get('/users/me')).body).toMatchObject({ email });
      }
    });

    it('cannot be made by an old sign-in, by another access token, or without signing in', async () => {
      const email = await harness.newcomer();
      const makers = [await harness.signedIn(email, {}), await harness.signedIn(email, BEARER)];
      const { program } = await harness.accessToken(makers[0]!);
      harness.app.clock.advance(5 * MINUTE);
      expect((await makers[1]!.post('/access_tokens', wish())).status).toBe(201);
      harness.app.clock.advance(1);
      for (const maker of [...makers, program])
        expect(await maker.post('/access_tokens', wish())).toMatchObject({
          status: 403,
          body: { code: 'session_not_fresh', max_age: 300 },
        });
      expectRejection(await harness.app.visitor().post('/access_tokens', wish()), 'credentials_missing');
    });

    it('is refused where its user has as many as there may be, until one has ended or expired', async () => {
      const ann = await harness.bearer();
      const { id: first } = await harness.accessToken(ann, { expires_at: harness.at(HOUR) });
      for (let count = 1; count < 100; count += 1)
        await harness.accessToken(ann, { expires_at: harness.at(count === 1 ? 2 * MINUTE : HOUR) });
      const { status, body } = await ann.post('/access_tokens', wish());
      expect([status, body.code]).toEqual([409, 'access_token_limit_reached']);
      expect(body.detail).toBe(
        'You have reached the maximum number of access tokens. End one that you no longer need first.',
      );
      await harness.accessToken(await harness.bearer());
      expect((await ann.delete(`/sessions/${first}`)).status).toBe(200);
      await harness.accessToken(ann);
      harness.app.clock.advance(2 * MINUTE);
      await harness.accessToken(ann);
      expect((await ann.post('/access_tokens', wish())).status).toBe(409);
    });

    it('is made of what it needs, and nothing wrong is repeated', async () => {
      const ann = await harness.bearer();
      const [year] = [harness.app.clock.now().getUTCFullYear()];
      const wrong: readonly (readonly [pointer: string, field: object])[] = [
        ...[
          undefined,
          null,
          '',
          ' ',
          '\u200b',
          'm4rk\u0007',
          'm4rk\n',
          'm4rk\u202e',
          'x'.repeat(101),
          1,
          ['m4rk'],
        ].map((label) => ['/label', { label }] as const),
        ...[undefined, null, '', 'm4rk', 'READ', 'admin', 'read write', 1, ['read']].map(
          (scope) => ['/scope', { scope }] as const,
        ),
        ...[
          undefined,
          null,
          '',
          'm4rk',
          'never',
          harness.at(0),
          harness.at(-1),
          harness.at(-DAY),
          harness.at(366 * DAY + 1),
          harness.at(DAY).replace('Z', ''),
          harness.at(DAY).replace('T', ' '),
          harness.at(DAY).replace('Z', 'z'),
          harness.at(DAY).replace('Z', '+25:00'),
          harness.at(DAY).replace('Z', ' m4rk'),
          `${year + 1}-02-30`,
          `${year}-06-31T00:00:00Z`,
          `${year}-12-31T23:59:60Z`,
          `${year + 1}-13-01`,
          `${year + 1}-W05`,
          `${year + 1}-100`,
          `${year + 1}`,
          '10000-01-01',
          '10000-01-01T00:00:00Z',
          '+010000-01-01T00:00:00Z',
          '9999-12-31T23:59:59Z',
          '-000001-01-01T00:00:00Z',
          harness.app.clock.now().getTime() + DAY,
          [harness.at(DAY)],
          { m4rk: 1 },
          true,
        ].map((expires_at) => ['/expires_at', { expires_at }] as const),
        ['', { '\u0000m4rk': 1 }],
        ['/transport', { transport: 'cookie' }],
        ['/kind', { kind: 'session' }],
        ['/user_id', { user_id: 'm4rk' }],
      ];
      for (const [pointer, field] of wrong) {
        const { status, body } = await ann.post('/access_tokens', { ...wish(), ...field });
        expect([field, status, body]).toMatchObject([field, 400, { errors: [{ pointer }] }]);
        expect(JSON.stringify(body)).not.toContain('m4rk');
      }
      expect((await ann.get('/sessions?kind=access_token')).body).toEqual([]);
    });

    it('may end at a date alone, in any zone, and 366 days ahead at the latest', async () => {
      const ann = await harness.bearer();
      const tomorrow = harness.at(DAY).slice(0, 10);
      for (const [expires_at, shown] of [
        [tomorrow, `${tomorrow}T00:00:00.000Z`],
        [`${tomorrow}T10:00:00+05:30`, `${tomorrow}T04:30:00.000Z`],
        [harness.at(366 * DAY), harness.at(366 * DAY)],
        [harness.at(1), harness.at(1)],
      ])
        expect(await ann.post('/access_tokens', { ...wish(), expires_at })).toMatchObject({
          status: 201,
          body: { expires_at: shown },
        });
    });

    it('for reading alone reads, and changes nothing by any route', async () => {
      const root = await harness.newcomer('admin');
      const ann = await harness.signedIn(root, BEARER);
      const { program, id } = await harness.accessToken(ann, { scope: 'read' });
      for (const path of ['/users/me', '/users', '/sessions', '/sessions/current', '/audit', '/stats'])
        for (const method of ['GET', 'HEAD'])
          expect([path, (await program.send(method, path)).status]).toEqual([path, 200]);
      expect((await program.send('OPTIONS', '/users/me')).status).toBeLessThan(300);
      expect((await program.get('/sessions/current')).body.session).toMatchObject({ id, scope: 'read' });
      const { paths } = (await (await fetch(`${harness.app.root}/openapi.json`)).json()) as {
        paths: Record<string, Record<string, { security?: object[] }>>;
      };
      const routes = Object.entries(paths).flatMap(([path, operations]) =>
        Object.entries(operations)
          .filter(([method, { security }]) => method !== 'get' && security?.length !== 0)
          .map(([method]) => [method.toUpperCase(), path.replace('/api/v1', '')] as const),
      );
      expect(routes.length).toBeGreaterThanOrEqual(12);
      const { body: before } = await program.get('/sessions');
      for (const [method, path] of routes) {
        const target = path.replace('/users/{id}', '/users/me').replace(/\{\w+\}/, id);
        for (const body of [undefined, {}])
          expect([method, path, await program.send(method, target, body)]).toMatchObject([
            method,
            path,
            { status: 403, body: { code: 'scope_required' } },
          ]);
      }
      expect((await program.get('/sessions')).body).toEqual(before);
      expect((await program.get('/users/me')).status).toBe(200);
    });

    it('for writing does what its user may, and what asks for freshness it never does', async () => {
      const [plain, root] = [await harness.newcomer(), await harness.newcomer('admin')];
      const { program } = await harness.accessToken(await harness.signedIn(plain, {}));
      const { program: admin, id } = await harness.accessToken(await harness.signedIn(root, {}));
      const { body: me } = await program.get('/users/me');
      expect(await program.put(`/users/${me.id}`, { first_name: 'Ann' })).toMatchObject({
        status: 200,
        body: { first_name: 'Ann' },
      });
      expect(await program.get('/users')).toMatchObject({ status: 403 });
      expect((await admin.get('/users?limit=1')).status).toBe(200);
      for (const answer of [
        await admin.delete('/sessions'),
        await admin.delete(`/sessions/${id}`),
        await admin.delete(`/users/${me.id}`),
        await admin.delete(`/users/${me.id}/sessions`),
        await admin.put(`/users/${me.id}`, { role: 'admin' }),
        await program.put(`/users/${me.id}`, { email: 'other@example.com' }),
        await program.put('/users/me/password', { new_password: 'another good password' }),
      ])
        expect(answer).toMatchObject({ status: 403, body: { code: 'session_not_fresh' } });
      expect(await program.post('/sessions/current/reauthenticate', { password: PASSWORD })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    });

    it('ends at its time to the millisecond, and at no other, used or not', async () => {
      const ann = await harness.bearer();
      const [used, unused] = [
        await harness.accessToken(ann, { expires_at: harness.at(200 * DAY) }),
        await harness.accessToken(ann, { expires_at: harness.at(200 * DAY) }),
      ];
      const end = harness.at(200 * DAY);
      harness.app.clock.advance(100 * DAY);
      expect(await current(used.program)).toMatchObject({ expires_at: end, idle_expires_at: null });
      harness.app.clock.advance(100 * DAY - 1);
      expect(await current(used.program)).toMatchObject({ expires_at: end, last_seen_at: harness.at(0) });
      expect((await unused.program.get('/users/me')).status).toBe(200);
      harness.app.clock.advance(1);
      for (const { program } of [used, unused])
        expect(await program.get('/users/me')).toMatchObject({
          status: 401,
          body: { code: 'session_expired_absolute', ended_at: end },
        });
    });

    it('is listed with the sessions of its user, and alone', async () => {
      const ann = await harness.bearer();
      const { id } = await current(ann);
      const token = await harness.accessToken(ann);
      const idsOf = async (path: string) =>
        ((await ann.get(path)).body as { id: string }[]).map((one) => one.id);
      expect((await idsOf('/sessions')).toSorted()).toEqual([id, token.id].toSorted());
      expect(await idsOf('/sessions?kind=access_token')).toEqual([token.id]);
      expect(await idsOf('/sessions?kind=session')).toEqual([id]);
      expect((await ann.get('/sessions?kind=access_tokens')).status).toBe(400);
      expect(await ann.send('PATCH', `/sessions/${token.id}`, { label: 'Robot' })).toMatchObject({
        status: 200,
        body: { label: 'Robot', kind: 'access_token' },
      });
    });

    it.each<readonly [string, (maker: Visitor, id: string, email: string) => Promise<unknown>, string]>([
      [
        'its user ends all others',
        async (maker) => expect((await maker.delete('/sessions')).body).toEqual({ ended: 1 }),
        'session_ended_elsewhere',
      ],
      ['its user ends it', (maker, id) => maker.delete(`/sessions/${id}`), 'session_ended_elsewhere'],
      [
        'its user changes the password',
        (maker) =>
          maker.put('/users/me/password', {
            current_password: PASSWORD,
            new_password: 'another good password',
          }),
        'password_changed',
      ],
      [
        'an administrator ends it',
        async (maker, id) => {
          const root = await harness.signedIn(await harness.newcomer('admin'), {});
          const { body } = await maker.get('/users/me');
          expect((await root.delete(`/users/${body.id}/sessions/${id}`)).status).toBe(200);
        },
        'session_ended_by_admin',
      ],
      [
        'an administrator ends all',
        async (maker) => {
          const root = await harness.signedIn(await harness.newcomer('admin'), {});
          const { body } = await maker.get('/users/me');
          expect((await root.delete(`/users/${body.id}/sessions`)).body).toEqual({ ended: 2 });
        },
        'session_ended_by_admin',
      ],
    ])('ends when %s', async (_, happens, code) => {
      const email = await harness.newcomer();
      const maker = await harness.signedIn(email, BEARER);
      const { program, id } = await harness.accessToken(maker);
      expect((await program.get('/users/me')).status).toBe(200);
      await happens(maker, id, email);
      expectRejection(await program.get('/users/me'), code);
    });

    it('ends when its user is disabled, for good, or removed', async () => {
      const users = harness.app.nest.get(UsersService);
      const [ann, ben] = [await harness.bearer(), await harness.bearer()];
      const [hers, his] = [await harness.accessToken(ann), await harness.accessToken(ben)];
      const { body: her } = await ann.get('/users/me');
      const { body: him } = await ben.get('/users/me');
      await users.update(her.id, { disabled: true });
      expect((await hers.program.get('/users/me')).status).toBe(401);
      await users.update(her.id, { disabled: false });
      expect((await hers.program.get('/users/me')).status).toBe(401);
      expect((await ben.delete(`/users/${him.id}`)).status).toBe(200);
      expect((await his.program.get('/users/me')).status).toBe(401);
    });

    it('ends by itself at sign-out where it may write', async () => {
      const ann = await harness.bearer();
      const { program } = await harness.accessToken(ann);
      expect(await program.delete('/auth_session/logout')).toMatchObject({ status: 200, body: {} });
      expectRejection(await program.get('/users/me'), 'session_signed_out');
      expect((await ann.get('/users/me')).status).toBe(200);
    });

    it('is not ended by a sign-in that it comes along with, nor is a cookie that is taken for one', async () => {
      const email = await harness.newcomer();
      const [ann, cookie] = [await harness.signedIn(email, BEARER), await harness.signedIn(email, {})];
      const { program } = await harness.accessToken(ann, { scope: 'read' });
      for (const token of [program.bearer, cookie.cookie!.replace('sid=', ''), ann.bearer])
        expect((await harness.holder(token).login(email, PASSWORD, BEARER)).status).toBe(200);
      expect((await program.get('/users/me')).status).toBe(200);
      expect((await cookie.get('/users/me')).status).toBe(200);
      expectRejection(await ann.get('/users/me'), 'session_signed_out');
    });

    it('changes the password if the request has the current one, and ends with that', async () => {
      const { program } = await harness.accessToken(await harness.bearer());
      const change = { current_password: PASSWORD, new_password: 'another good password' };
      const answer = await program.put('/users/me/password', change);
      expect(answer.status).toBe(200);
      expect(answer.body).not.toHaveProperty('token');
      expect(answer.headers.getSetCookie()).toEqual([]);
      expectRejection(await program.get('/users/me'), 'password_changed');
    });

    it.each(['evict_oldest', 'refuse'])('is beside the number of sessions (%s)', async (policy) => {
      const other = await storage.open();
      const small = await Harness.open({
        AUTH_TYPE: 'session_db_auth,token_auth',
        SESSION_MAX_PER_USER: '2',
        SESSION_LIMIT_POLICY: policy,
        ...other.variables,
      });
      const email = await small.newcomer();
      const ann = await small.signedIn(email, BEARER);
      const programs: Visitor[] = [];
      for (let made = 0; made < 4; made += 1) programs.push((await small.accessToken(ann)).program);
      small.app.clock.advance(1);
      const ben = await small.signedIn(email, {});
      small.app.clock.advance(1);
      expect((await ann.get('/users/me')).status).toBe(200);
      const third = await small.app.visitor().login(email);
      expect(third.status).toBe(policy === 'refuse' ? 409 : 200);
      expect((await ann.get('/users/me')).status).toBe(policy === 'refuse' ? 200 : 401);
      expect((await ben.get('/users/me')).status).toBe(200);
      for (const program of programs) expect((await program.get('/users/me')).status).toBe(200);
      await small.app.stop();
      await other.drop();
    });
  });

describe.each([
  ['token_auth', 'cookie', 'This server issues bearer tokens only. Leave the field out, or send "bearer".'],
  [
    'session_db_auth',
    'bearer',
    'This server issues session cookies only. Leave the field out, or send "cookie".',
  ],
])('A login under %s', (type, transport, detail) => {
  it(`says that it issues no ${transport}, whatever the password, and counts no attempt`, async () => {
    const harness = await Harness.open({ AUTH_TYPE: type, AUTH_FAILURES_PER_NETWORK: '2' });
    const email = await harness.newcomer();
    for (const password of [PASSWORD, 'wrong', 'wrong', 'wrong', PASSWORD]) {
      const answer = await harness.app.visitor().login(email, password, { transport });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/transport', detail }] } });
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(answer.body).not.toHaveProperty('token');
    }
    expect((await harness.app.visitor().login(email)).status).toBe(200);
    await harness.app.stop();
  });
});

describe('A sign-in that hands out a bearer token', () => {
  it('says when the token ends, and one that sets a cookie does not', async () => {
    const harness = await Harness.open({ AUTH_TYPE: 'session_db_auth,token_auth' });
    const email = await harness.newcomer();
    const usual = { expires_at: harness.at(12 * HOUR), idle_expires_at: harness.at(30 * MINUTE) };
    const visitor = harness.app.visitor();
    expect((await visitor.login(email, PASSWORD, BEARER)).body).toMatchObject(usual);
    expect((await visitor.get('/sessions/current')).body.session).toMatchObject(usual);
    expect(
      (await harness.app.visitor().login(email, PASSWORD, { ...BEARER, remember: true })).body,
    ).toMatchObject({
      expires_at: harness.at(30 * DAY),
      idle_expires_at: harness.at(14 * DAY),
    });
    const change = { current_password: PASSWORD, new_password: `${PASSWORD}, changed` };
    expect((await visitor.put('/users/me/password', change)).body).toMatchObject(usual);
    const atBrowser = await harness.app.visitor().login(email, change.new_password);
    expect(Object.keys(atBrowser.body)).not.toEqual(expect.arrayContaining(['expires_at']));
    expect(atBrowser.headers.getSetCookie()).toHaveLength(1);
    await harness.app.stop();
  });
});

describe('A server that takes no bearers', () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.open({ AUTH_TYPE: 'session_db_auth' });
  });

  afterAll(() => harness.app.stop());

  it('hands out no token', async () => {
    const visitor = harness.app.visitor();
    const answer = await visitor.login(await harness.newcomer(), PASSWORD, BEARER);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/transport' }] } });
    expect(answer.body).not.toHaveProperty('token');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('makes no access token, and heeds no header', async () => {
    const ann = await harness.signedIn(await harness.newcomer(), {});
    const wish = { label: 'Backup', scope: 'read', expires_at: harness.at(DAY) };
    expect(await ann.post('/access_tokens', wish)).toMatchObject({ status: 404 });
    expectRejection(await harness.app.visitor().post('/access_tokens', wish), 'credentials_missing');
    const asBearer = harness.holder(ann.cookie!.replace('sid=', ''));
    expectRejection(await asBearer.get('/users/me'), 'credentials_missing');
  });
});

describe('Two servers that share their stores', () => {
  it('know the same bearers, before and after a restart, and none that one of them has signed out', async () => {
    const folder = newFolder();
    const variables = { AUTH_TYPE: 'session_db_auth,token_auth', STORE_TIMEOUT: '10s' };
    const args = ['user', 'create', '--password-stdin', '--email', 'ann@example.com'];
    await makeDatabase(folder, variables);
    expect((await operate(folder, args, { input: PASSWORD, variables })).code).toBe(0);
    const servers = [await Server.start(folder, variables), await Server.start(folder, variables)];
    const ask = async (server: Server, method: string, path: string, token: string | null, body?: object) => {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: {
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(body && { 'content-type': 'application/json' }),
        },
        body: body && JSON.stringify(body),
      });
      // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects to be there
      return { status: response.status, body: (await response.json()) as any };
    };
    const [here, there] = servers as [Server, Server];
    const credentials = { email: 'ann@example.com', password: PASSWORD, ...BEARER };
    const { token } = (await ask(here, 'POST', '/auth_session/login', null, credentials)).body;
    const wish = {
      label: 'Backup',
      scope: 'write',
      expires_at: new Date(Date.now() + HOUR).toISOString(),
    };
    const made = await ask(there, 'POST', '/access_tokens', token, wish);
    expect(made.status).toBe(201);
    await here.stop();
    const again = await Server.start(folder, variables);
    for (const server of [again, there])
      for (const known of [token, made.body.token])
        expect((await ask(server, 'GET', '/users/me', known)).status).toBe(200);
    expect((await ask(again, 'DELETE', '/auth_session/logout', token)).status).toBe(200);
    expect((await ask(there, 'GET', '/users/me', token)).body).toMatchObject({ code: 'session_signed_out' });
    expect((await ask(there, 'DELETE', '/auth_session/logout', made.body.token)).status).toBe(200);
    expect((await ask(again, 'GET', '/users/me', made.body.token)).body).toMatchObject({
      code: 'session_signed_out',
    });
    await Promise.all([again.stop(), there.stop()]);
  });
});
