import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import { ALL_USERS, type User, UserStore, UsersService } from 'coatcheck';
import { RouteTable } from '../src/http/route-table.js';
import { type Answer, PASSWORD, TestApp, Visitor, basic } from './support/app.js';
import { Server, newFolder, makeDatabase, operate } from './support/server.js';
import { Wire, requestOf } from './support/wire.js';

const API = '/api/v1';
const OTHER_PASSWORD = 'another good password';
const KEYS = ['created_at', 'email', 'email_verified', 'first_name', 'id', 'last_name', 'role', 'updated_at'];

/** A field that nobody may write, with a value that would be of use to somebody. */
const FOREIGN_FIELDS: readonly (readonly [field: string, value: unknown])[] = [
  ['id', '00000000-0000-4000-8000-000000000000'],
  ['email_key', 'other@example.com'],
  ['email_verified', true],
  ['password', OTHER_PASSWORD],
  ['new_password', OTHER_PASSWORD],
  ['password_hash', '$2b$04$'.padEnd(60, 'x')],
  ['passwordHash', '$2b$04$'.padEnd(60, 'x')],
  ['credential_version', 1],
  ['credentialVersion', 99],
  ['created_at', '2000-01-01T00:00:00.000Z'],
  ['createdAt', '2000-01-01T00:00:00.000Z'],
  ['updated_at', '2000-01-01T00:00:00.000Z'],
  ['Role', 'admin'],
  ['roles', ['admin']],
  ['is_admin', true],
  ['isAdmin', true],
  ['admin', true],
  ['permissions', ['*']],
  ['sessions', []],
  ['firstName', 'Mallory'],
  ['user', { role: 'admin' }],
  ['__proto__', { role: 'admin' }],
  ['constructor', { prototype: { role: 'admin' } }],
  ['prototype', { role: 'admin' }],
];

/** The body as text, as an object would swallow `__proto__`. */
const bodyWith = (known: object, field: string, value: unknown) =>
  `${JSON.stringify(known).slice(0, -1)}${Object.keys(known).length > 0 ? ',' : ''}"${field}":${JSON.stringify(value)}}`;

describe('Users and administrators', () => {
  let app: TestApp;
  let wire: Wire;
  let [ann, ben, admin]: Visitor[] = [];
  let [annId, benId, adminId]: string[] = [];

  beforeAll(async () => {
    app = await TestApp.start({ REGISTRATION: 'open' });
    wire = new Wire(app.root);
    for (const [name, role] of Object.entries({ ann: 'user', ben: 'user', admin: 'admin' } as const))
      await app.addUser(`${name}@example.com`, role);
    [ann, ben, admin] = [app.visitor(), app.visitor(), app.visitor()];
    annId = (await ann.login('ann@example.com')).body.id;
    benId = (await ben.login('ben@example.com')).body.id;
    adminId = (await admin.login('admin@example.com')).body.id;
  });

  afterAll(async () => {
    wire.close();
    await app.stop();
  });

  const stored = (id: string) => app.nest.get(UserStore).find(id);
  const allStored = () => app.nest.get(UserStore).list(ALL_USERS);
  const put = (visitor: Visitor, path: string, body: string) =>
    visitor.send('PUT', path, body, { 'content-type': 'application/json' });
  const post = (visitor: Visitor, path: string, body: string) =>
    visitor.send('POST', path, body, { 'content-type': 'application/json' });

  describe('the id of another', () => {
    const spellings = (id: string): string[] => [
      id,
      id.toUpperCase(),
      id.replaceAll('-', ''),
      `{${id}}`,
      `urn:uuid:${id}`,
      `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`,
      `%25${id.charCodeAt(0).toString(16)}${id.slice(1)}`,
      `${id}%00`,
      `${id}%20`,
      `%20${id}`,
      `${id},${benId}`,
      `${benId},${id}`,
      `${id}%2f`,
      `me%2f..%2f${id}`,
      `me/../${id}`,
      `${benId}/../${id}`,
      `./${id}`,
      `${id};x`,
      `${id}.json`,
      `${id}?id=${benId}`,
      `${benId}%00${id}`,
      `[${id}]`,
      `%5B%22${id}%22%5D`,
      'admin@example.com',
      'ann@example.com',
    ];

    it.each(['GET', 'HEAD', 'PUT', 'DELETE'])(
      'is not found for a user, in any spelling: %s',
      async (method) => {
        const before = await allStored();
        const body = method === 'PUT' ? JSON.stringify({ first_name: 'Mallory' }) : undefined;
        const headers = [['Cookie', ben!.cookie!] as const, ['Content-Type', 'application/json'] as const];
        for (const spelling of [annId!, adminId!].flatMap(spellings)) {
          const answer = await wire.ask(requestOf(method, `${API}/users/${spelling}`, headers, body), method);
          expect([spelling, answer?.status]).toEqual([spelling, 404]);
          expect(answer?.body).not.toMatch(/@|Mallory/);
        }
        expect(await allStored()).toEqual(before);
      },
    );

    it.each([
      'ME',
      'Me',
      '%6d%65',
      '%6de',
      'm%65',
      'me%00',
      'me.json',
      'me;x',
      '__proto__',
      'constructor',
      '0',
      '*',
    ])('is not %s, and no one is', async (spelling) => {
      for (const [method, visitor] of [ann!, ben!, admin!].flatMap((one) =>
        ['GET', 'PUT', 'DELETE'].map((method) => [method, one] as const),
      )) {
        const body = method === 'PUT' ? '{}' : undefined;
        const headers = [['Cookie', visitor.cookie!] as const, ['Content-Type', 'application/json'] as const];
        const answer = await wire.ask(requestOf(method, `${API}/users/${spelling}`, headers, body), method);
        expect(answer?.status).toBe(404);
      }
    });

    it('in a query, a header or a body changes nothing of whom is meant', async () => {
      const before = await stored(annId!);
      for (const query of [`id=${annId}`, `id[]=${annId}`, `user_id=${annId}`, `userId=${annId}`])
        expect((await ben!.get(`/users/me?${query}`)).body.id).toBe(benId);
      const claims = {
        'x-user-id': annId!,
        'x-forwarded-user': annId!,
        'x-original-url': `${API}/users/${annId}`,
      };
      expect((await ben!.send('GET', '/users/me', undefined, claims)).body.id).toBe(benId);
      for (const body of [
        `[{"first_name":"Mallory"}]`,
        `{"id":"${annId}","first_name":"Mallory"}`,
        `"${annId}"`,
      ])
        expect((await put(ben!, `/users/${benId}`, body)).status).toBe(400);
      expect(await stored(annId!)).toEqual(before);
      expect(await stored(benId!)).toMatchObject({ firstName: null, role: 'user' });
    });
  });

  describe('a field that nobody may write', () => {
    it.each(FOREIGN_FIELDS)(
      'is refused by PUT, for every user and from every user: %s',
      async (field, value) => {
        const before = await allStored();
        for (const [visitor, id] of [
          [ann, annId],
          [admin, annId],
          [admin, adminId],
        ] as const) {
          const answer = await put(visitor!, `/users/${id}`, bodyWith({ last_name: 'Lee' }, field, value));
          expect([answer.status, answer.body.errors?.[0]?.pointer ?? `/${field}`]).toEqual([
            400,
            `/${field}`,
          ]);
        }
        expect(await allStored()).toEqual(before);
      },
    );

    it.each([
      ...FOREIGN_FIELDS.filter(([field]) => field !== 'password'),
      ['role', 'admin'],
      ['disabled', true],
    ] as const)(
      'is refused by POST, without signing in and from an administrator: %s',
      async (field, value) => {
        const before = await allStored();
        const known = { email: 'new@example.com', password: PASSWORD };
        for (const visitor of [app.visitor(), ben!, admin!])
          expect((await post(visitor, '/users', bodyWith(known, field, value))).status).toBe(400);
        expect(await allStored()).toEqual(before);
      },
    );

    it.each([
      ['role', 'admin'],
      ['role', 'user'],
      ['disabled', true],
      ['disabled', false],
    ])('is for administrators alone: %s', async (field, value) => {
      const before = await allStored();
      for (const known of [{}, { first_name: 'Ann' }]) {
        const answer = await put(ann!, `/users/${annId}`, bodyWith(known, field, value));
        expect([answer.status, answer.body.code]).toEqual([403, 'role_required']);
      }
      expect(await allStored()).toEqual(before);
    });

    it('leaves every object of the server as it was', async () => {
      expect(({} as { role?: string }).role).toBeUndefined();
      expect((await ann!.get('/users/me')).body.role).toBe('user');
    });
  });

  describe('an answer', () => {
    it('shows these keys of a user and no others, to everyone', async () => {
      const made = await app.visitor().post('/users', { email: 'shown@example.com', password: PASSWORD });
      const signedIn = await app.visitor().login('shown@example.com');
      const shown = app.visitor();
      await shown.login('shown@example.com');
      const change = { current_password: PASSWORD, new_password: OTHER_PASSWORD };
      const answers = [
        made,
        signedIn,
        await shown.put('/users/me/password', change),
        await ann!.get('/users/me'),
        await ann!.get(`/users/${annId}`),
        await ann!.put(`/users/${annId}`, { first_name: 'Ann' }),
      ];
      const toAdmin = [
        await admin!.get(`/users/${annId}`),
        await admin!.put(`/users/${annId}`, { disabled: false }),
        await admin!.post('/users', { email: 'made@example.com', password: PASSWORD }),
      ];
      const listed = (await admin!.get('/users')).body.map(
        (body: object) => ({ status: 200, body }) as Answer,
      );
      const shownKeys: readonly (readonly [readonly Answer[], readonly string[]])[] = [
        [answers, KEYS],
        [[...toAdmin, ...listed], [...KEYS, 'disabled'].toSorted()],
      ];
      for (const [group, keys] of shownKeys)
        for (const { status, body } of group) {
          expect([status, Object.keys(body).toSorted()]).toEqual([expect.any(Number), keys]);
          expect(status).toBeLessThan(300);
          expect(JSON.stringify(body)).not.toMatch(/\$2[aby]\$|hash|password|credential/i);
        }
    });

    it('to a user who asks for the list, or for more of it, shows nobody', async () => {
      for (const query of ['', '?limit=1', '?email=ann@example.com', '?role=admin', '?cursor=x']) {
        const { status, body } = await ben!.get(`/users${query}`);
        expect([400, 403]).toContain(status);
        expect(JSON.stringify(body)).not.toMatch(/@example\.com|[0-9a-f]{8}-.*"role"/);
      }
    });
  });

  it('An administrator chooses nobody else’s password, by no route', async () => {
    const { routes } = new RouteTable(app.nest.get(ModulesContainer), '/');
    const mine = (path: string) => /^\/(?:users\/me|auth_session|factors)\//.test(path);
    const before = await app.nest.get(UserStore).findCredential('ann@example.com');
    const unsafe = routes.filter(({ method, path }) => /POST|PUT|PATCH/.test(method) && !mine(path));
    expect(unsafe.length).toBeGreaterThan(1);
    for (const { method, path } of unsafe) {
      for (const body of [
        { password: OTHER_PASSWORD },
        { new_password: OTHER_PASSWORD },
        { current_password: PASSWORD, new_password: OTHER_PASSWORD },
        { email: 'ann@example.com', password: OTHER_PASSWORD },
        { password_hash: before!.passwordHash.replace(/.$/, '.') },
      ]) {
        const { status } = await admin!.send(method, path.replace(/:\w+/, annId!), body);
        expect(status).toBeGreaterThanOrEqual(400);
      }
    }
    const change = { current_password: PASSWORD, new_password: OTHER_PASSWORD };
    expect((await admin!.put(`/users/${annId}/password`, change)).status).toBe(404);
    const after = await app.nest.get(UserStore).findCredential('ann@example.com');
    expect(after?.passwordHash).toBe(before?.passwordHash);
    expect((await app.visitor().login('ann@example.com')).status).toBe(200);
    expect((await app.visitor().login('ann@example.com', OTHER_PASSWORD)).status).toBe(401);
  });
});

describe('Under the course contract', () => {
  it('fields that nobody may write change nothing', async () => {
    const app = await TestApp.start({ AUTH_COMPAT: 'alx', AUTH_TYPE: 'basic_auth', DATABASE_URL: 'memory:' });
    const { id } = await app.addUser('ann@example.com');
    const users = app.nest.get(UserStore);
    const before = await users.find(id);
    const ann = app.visitor({ ...basic('ann@example.com'), 'content-type': 'application/json' });
    const foreign = [
      ['email', 'other@example.com'],
      ['role', 'admin'],
      ['disabled', true],
      ...FOREIGN_FIELDS,
    ] as const;
    for (const [field, value] of foreign) {
      const { status } = await ann.send('PUT', `/users/${id}`, bodyWith({}, field, value));
      expect(status).toBe(field === '__proto__' ? 400 : 200);
      const known = { email: `${field}@example.com`, password: 'x' };
      if (!/^(email|password)$/.test(field)) await ann.send('POST', '/users', bodyWith(known, field, value));
      const made = await app.nest.get(UsersService).findByEmail(`${field}@example.com`);
      if (made) expect(made).toMatchObject({ role: 'user', disabled: false, credentialVersion: 1 });
    }
    expect({ ...(await users.find(id)), updatedAt: null }).toEqual({ ...before, updatedAt: null });
    expect(({} as { role?: string }).role).toBeUndefined();
    await app.stop();
  });
});

describe('The last administrator', () => {
  const sign = async (app: TestApp, email: string) => {
    const visitor = app.visitor();
    const { body } = await visitor.login(email);
    return { visitor, id: String(body.id) };
  };

  it('is neither demoted nor disabled nor deleted, by nobody', async () => {
    const app = await TestApp.start();
    await app.addUser('root@example.com', 'admin');
    const { visitor: root, id } = await sign(app, 'root@example.com');
    const refusal = { status: 409, body: { code: 'last_admin', error: 'Conflict' } };
    expect(await root.put(`/users/${id}`, { role: 'user' })).toMatchObject(refusal);
    expect(await root.put(`/users/${id}`, { disabled: true, first_name: 'Ann' })).toMatchObject(refusal);
    expect(await root.delete(`/users/${id}`)).toMatchObject(refusal);
    expect((await root.get('/users/me')).body).toMatchObject({ role: 'admin', first_name: null });
    expect((await root.put(`/users/${id}`, { role: 'admin', last_name: 'Lee' })).status).toBe(200);
    const next = await app.addUser('next@example.com', 'admin');
    expect((await root.delete(`/users/${id}`)).status).toBe(200);
    expect((await app.nest.get(UserStore).find(next.id))?.role).toBe('admin');
    await app.stop();
  });

  it('is left when two demote, disable or delete each other at once', async () => {
    const app = await TestApp.start();
    const users = app.nest.get(UserStore);
    const fells = [
      (by: Visitor, id: string) => by.put(`/users/${id}`, { role: 'user' }),
      (by: Visitor, id: string) => by.put(`/users/${id}`, { disabled: true }),
      (by: Visitor, id: string) => by.delete(`/users/${id}`),
    ];
    for (let round = 0; round < 12; round += 1) {
      const [one, other] = [`one-${round}@example.com`, `other-${round}@example.com`];
      for (const email of [one, other]) await app.addUser(email, 'admin');
      const [a, b] = [await sign(app, one), await sign(app, other)];
      for (const { id, role } of (await users.list(ALL_USERS)).users)
        if (role === 'admin' && id !== a.id && id !== b.id) await app.nest.get(UsersService).remove(id);
      const fell = fells[round % fells.length]!;
      const answers = await Promise.all([fell(a.visitor, b.id), fell(b.visitor, a.id)]);
      const isAdmin = ({ role, disabled }: User) => role === 'admin' && !disabled;
      expect((await users.list(ALL_USERS)).users.filter(isAdmin)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.every(({ status }) => [200, 401, 403, 404, 409].includes(status))).toBe(true);
    }
    await app.stop();
  });

  it('is refused in the words of the course contract, under which other users may delete themselves', async () => {
    const app = await TestApp.start({ AUTH_COMPAT: 'alx', AUTH_TYPE: 'basic_auth', DATABASE_URL: 'memory:' });
    const root = await app.addUser('root@example.com', 'admin');
    const ann = await app.addUser('ann@example.com');
    const as = (email: string) => app.visitor(basic(email));
    expect(await as('root@example.com').delete(`/users/${root.id}`)).toMatchObject({
      status: 403,
      body: { error: 'Forbidden' },
    });
    expect((await as('root@example.com').get('/users/me')).status).toBe(200);
    expect(await as('ann@example.com').delete(`/users/${ann.id}`)).toMatchObject({ status: 200, body: {} });
    await app.stop();
  });
});

describe('A right that is taken away', () => {
  const ROUNDS = 5;
  const folder = newFolder();
  let server: Server;
  let root: Visitor;

  beforeAll(async () => {
    const create = ['user', 'create', '--password-stdin', '--role', 'admin', '--email'];
    await makeDatabase(folder);
    await operate(folder, [...create, 'root@example.com'], { input: PASSWORD });
    server = await Server.start(folder, { WORKERS: '2', LOG_LEVEL: 'warn', REGISTRATION: 'open' });
    root = new Visitor(server.url + API, {});
    await root.login('root@example.com');
  });

  afterAll(() => server.stop());

  it.each([
    ['demoted', { role: 'user' }, 403, 'role_required'],
    ['disabled', { disabled: true }, 401, 'user_disabled'],
    ['deleted', null, 401, 'user_deleted'],
  ] as const)(
    'is gone for the next request, however many are under way: %s',
    async (_, change, status, code) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const email = `${code}-${round}@example.com`;
        const { id } = (await root.post('/users', { email, password: PASSWORD })).body;
        expect((await root.put(`/users/${id}`, { role: 'admin' })).body.role).toBe('admin');
        const fallen = new Visitor(server.url + API, {});
        await fallen.login(email);
        const asker = new Visitor(server.url + API, { cookie: fallen.cookie! });
        let isFallen = false;
        const [early, late]: Answer[][] = [[], []];
        const lanes = Array.from({ length: 20 }, async () => {
          while (late!.length < 60) {
            const kept = isFallen ? late! : early!;
            kept.push(await asker.get('/users?limit=1'));
          }
        });
        while (early!.length < 40) await new Promise(setImmediate);
        const answer = await (change ? root.put(`/users/${id}`, change) : root.delete(`/users/${id}`));
        expect(answer.status).toBe(200);
        isFallen = true;
        await Promise.all(lanes);
        expect(early!.some((one) => one.status === 200)).toBe(true);
        for (const one of late!) expect([one.status, one.body.code]).toEqual([status, code]);
      }
    },
    60_000,
  );
});
