import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, PASSWORD, TestApp, type Visitor } from './support/app.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const GUESSABLE = expect.stringMatching(/^Too easy to guess: .+ Combine several unrelated words\.$/);
const KNOWN = expect.stringMatching(
  /^Known from data breaches of other services, .+ Combine several unrelated words\.$/,
);

describe('The standard API', () => {
  let app: TestApp;
  let root: Visitor;
  let ann: Visitor;
  let annId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    [root, ann] = [app.visitor(), app.visitor()];
    await app.addUser('root@example.com', 'admin');
    await app.addUser('ann@example.com');
    await root.login('root@example.com');
    annId = (await ann.login('ann@example.com')).body.id;
  });

  afterAll(() => app.stop());

  describe('login', () => {
    it('answers with the user and a cookie that no script reads', async () => {
      const answer = await app.visitor().login('ANN@example.com ');
      expect(answer).toMatchObject({
        status: 200,
        body: { id: annId, email: 'ann@example.com', role: 'user' },
      });
      expect(answer.headers.get('set-cookie')).toMatch(
        /^sid=[\w-]{22}\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
      );
      expect(answer.headers.get('content-type')).toBe('application/json');
    });

    it('tells nobody what was wrong', async () => {
      await app.addUser('gone@example.com');
      const { id } = (await app.visitor().login('gone@example.com')).body;
      await root.put(`/users/${id}`, { disabled: true });
      const answers = await Promise.all([
        app.visitor().login('ann@example.com', 'wrong'),
        app.visitor().login('nobody@example.com'),
        app.visitor().login('gone@example.com'),
      ]);
      for (const { status, body, headers } of answers) {
        expect({ ...body, requestId: '' }).toEqual({ ...answers[0].body, requestId: '' });
        expect({ status, code: body.code, cookie: headers.get('set-cookie') }).toEqual({
          status: 401,
          code: 'credentials_invalid',
          cookie: null,
        });
      }
    });

    it('names each field that is missing', async () => {
      const { status, body } = await app.visitor().post('/auth_session/login', { password: '' });
      expect(status).toBe(400);
      expect(body).toMatchObject({
        code: 'validation_failed',
        error: 'email missing',
        errors: [
          { pointer: '/email', detail: 'Missing.' },
          { pointer: '/password', detail: 'Missing.' },
        ],
      });
    });
  });

  describe('logout', () => {
    it('ends the session, expires the cookie and tells the client with the token why it ended', async () => {
      const visitor = app.visitor();
      await visitor.login('ann@example.com');
      const token = visitor.cookie!;
      const answer = await visitor.delete('/auth_session/logout');
      expect(answer).toMatchObject({ status: 200, body: {} });
      expect(answer.headers.get('set-cookie')).toMatch(/^sid=; Path=\/; Expires=Thu, 01 Jan 1970/);
      const again = await app.visitor({ cookie: token }).get('/users/me');
      expect(again).toMatchObject({ status: 401, body: { code: 'session_signed_out' } });
    });
  });

  describe('a problem', () => {
    it('says what went wrong in the words of RFC 9457, with the id of the request', async () => {
      const { status, headers, body } = await app
        .visitor({ 'x-request-id': 'request-0001' })
        .get('/users/me');
      expect(status).toBe(401);
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(headers.get('x-request-id')).toBe('request-0001');
      expect(headers.get('www-authenticate')).toBe('Session realm="coatcheck"');
      expect(body).toEqual({
        type: 'about:blank',
        title: 'Unauthorized',
        status: 401,
        code: 'credentials_missing',
        detail: 'This request needs authentication. Sign in, or send your credentials with the request.',
        error: 'Unauthorized',
        requestId: 'request-0001',
      });
    });

    it.each([
      ['GET', '/unauthorized', 401, 'credentials_missing'],
      ['GET', '/forbidden', 403, 'forbidden'],
    ])('can be looked at: %s %s', async (method, path, status, code) => {
      expect(await app.visitor().send(method, path)).toMatchObject({ status, body: { code } });
    });
  });

  describe('paths and methods', () => {
    it.each([
      ['GET', '/auth_session/login', 'OPTIONS, POST'],
      ['DELETE', '/status/', 'GET, HEAD, OPTIONS'],
    ])('%s %s is known by another method, which anyone is told', async (method, path, allow) => {
      const { status, headers, body } = await app.visitor().send(method, path);
      expect({ status, allow: headers.get('allow'), code: body.code }).toEqual({
        status: 405,
        allow,
        code: 'method_not_allowed',
      });
    });

    it('does not reveal which protected paths there are', async () => {
      const codes = ['/users/me', '/users/nobody', '/nowhere', '/', '/../status'].map(async (path) => {
        const { status, body } = await app.visitor().send('PATCH', path);
        return [status, body.code];
      });
      expect(new Set((await Promise.all(codes)).map(String))).toEqual(new Set(['401,credentials_missing']));
    });

    it('tells who is signed in whether path or method is wrong', async () => {
      expect(await ann.get('/nowhere')).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect((await ann.send('POST', '/users/me')).headers.get('allow')).toBe(
        'DELETE, GET, HEAD, OPTIONS, PATCH, PUT',
      );
      expect((await ann.send('POST', `/users/${annId}`)).headers.get('allow')).toBe(
        'DELETE, GET, HEAD, OPTIONS, PATCH, PUT',
      );
    });

    it('covers paths outside the prefix too', async () => {
      expect((await fetch(`${app.root}/nowhere`)).status).toBe(401);
      expect((await fetch(`${app.root}/elsewhere`, { headers: { cookie: ann.cookie! } })).status).toBe(404);
    });

    it('tolerates one slash at the end and counts case', async () => {
      expect((await ann.get('/users/me/')).status).toBe(200);
      expect((await app.visitor().get('/status/')).status).toBe(200);
      expect((await app.visitor().get('/STATUS')).status).toBe(401);
      expect((await app.visitor().get('/status//')).status).toBe(401);
    });

    it('answers OPTIONS with the methods to who is signed in', async () => {
      for (const path of ['/stats', '/status']) {
        const { status, headers } = await ann.send('OPTIONS', path);
        expect([status, headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
      }
      expect((await ann.send('OPTIONS', '/nowhere')).status).toBe(404);
    });

    it('answers OPTIONS without a credential alike on every path', async () => {
      const answers = new Set<string>();
      const paths = [
        '/api/v1/stats',
        '/api/v1/status',
        '/api/v1/auth_session/login',
        '/api/v1/users/x',
        '/docs',
      ];
      for (const path of [...paths, '/docs/', '/docs/package.json', '/openapi.json', '/', '/nowhere', '/%ff'])
        for (const headers of [
          new Headers(),
          { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
        ]) {
          const response = await fetch(app.root + path, { method: 'OPTIONS', headers });
          const { requestId, ...body } = (await response.json()) as { requestId: string };
          expect(requestId).toBe(response.headers.get('x-request-id'));
          const fields = [...response.headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
          answers.add(JSON.stringify([response.status, fields, body]));
        }
      expect([...answers]).toEqual([expect.stringMatching(/^\[401,(?!.*"allow").*credentials_missing/)]);
    });
  });

  describe('users', () => {
    it('are shown with exactly these keys', async () => {
      const { body } = await ann.get('/users/me');
      expect(body).toEqual({
        id: expect.stringMatching(UUID),
        email: 'ann@example.com',
        email_verified: false,
        first_name: null,
        last_name: null,
        created_at: '2026-01-01T12:00:00.000Z',
        updated_at: '2026-01-01T12:00:00.000Z',
        role: 'user',
      });
    });

    it.each(['PUT', 'PATCH'])(
      'change their names by %s; null removes one, and absence leaves it',
      async (method) => {
        for (const id of [annId, 'me']) {
          const names = { first_name: 'Ann', last_name: 'Lee' };
          const change = (body: object) => ann.send(method, `/users/${id}`, body);
          expect(await change(names)).toMatchObject({ status: 200, body: { id: annId, ...names } });
          expect(await change({ first_name: null })).toMatchObject({
            status: 200,
            body: { first_name: null, last_name: 'Lee' },
          });
          expect(await change({})).toMatchObject({ body: { first_name: null, last_name: 'Lee' } });
          expect(await change({ last_name: null })).toMatchObject({
            body: { first_name: null, last_name: null },
          });
        }
      },
    );

    it.each(['email', 'role', 'disabled'])('do not lose their %s to null', async (field) => {
      for (const visitor of [ann, root])
        expect(
          await visitor.send('PATCH', `/users/${annId}`, { [field]: null, first_name: 'Eve' }),
        ).toMatchObject({
          status: 400,
          body: {
            code: 'validation_failed',
            errors: [{ pointer: `/${field}`, detail: 'Must not be null.' }],
          },
        });
      expect((await ann.get('/users/me')).body.first_name).toBeNull();
    });

    it('delete themselves as "me"', async () => {
      await app.addUser('leaving@example.com');
      const leaving = app.visitor();
      await leaving.login('leaving@example.com');
      expect(await leaving.delete('/users/me')).toMatchObject({ status: 200, body: {} });
      expect((await app.visitor().login('leaving@example.com')).status).toBe(401);
      expect((await ann.get('/users/me')).status).toBe(200);
    });

    it('are shown with `disabled` to administrators alone', async () => {
      const { id } = await app.addUser('shown@example.com');
      const shown = { disabled: false };
      expect((await root.get(`/users/${id}`)).body).toMatchObject(shown);
      expect((await root.get('/users/me')).body).toMatchObject(shown);
      expect((await root.get('/sessions/current')).body.user).toMatchObject(shown);
      expect((await root.get('/users')).body.every((one: object) => 'disabled' in one)).toBe(true);
      expect((await root.put(`/users/${id}`, { disabled: true })).body).toMatchObject({ disabled: true });
      expect((await root.get(`/users/${id}`)).body).toMatchObject({ disabled: true });
      for (const path of ['/users/me', `/users/${annId}`])
        expect((await ann.get(path)).body).not.toHaveProperty('disabled');
      expect((await ann.get('/sessions/current')).body.user).not.toHaveProperty('disabled');
      expect((await app.visitor().login('ann@example.com')).body).not.toHaveProperty('disabled');
      expect((await app.visitor().login('root@example.com')).body).toMatchObject(shown);
    });

    it('see nobody but themselves', async () => {
      const { id } = (await root.get('/users/me')).body;
      expect((await ann.get(`/users/${annId}`)).status).toBe(200);
      for (const answer of [
        await ann.get(`/users/${id}`),
        await ann.put(`/users/${id}`, { first_name: 'Mallory' }),
        await ann.delete(`/users/${id}`),
      ]) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
      expect((await root.get('/users/me')).body.first_name).toBeNull();
    });

    it.each([{ role: 'admin' }, { disabled: true }, { disabled: false, first_name: 'Ann' }])(
      'do not give themselves %j',
      async (change) => {
        expect(await ann.put(`/users/${annId}`, change)).toMatchObject({
          status: 403,
          body: { code: 'role_required' },
        });
        expect((await ann.get('/users/me')).body.role).toBe('user');
      },
    );

    it('are listed for administrators alone', async () => {
      expect(await ann.get('/users')).toMatchObject({ status: 403, body: { code: 'role_required' } });
      expect((await root.get('/users')).status).toBe(200);
    });

    it('are listed page by page, each once', async () => {
      for (let index = 0; index < 5; index += 1) await app.addUser(`page-${index}@example.com`);
      const total = (await root.get('/stats')).body.users;
      const seen: string[] = [];
      for (let path: string | null = '/users?limit=2'; path !== null;) {
        const { body, next }: Answer = await root.get(path);
        seen.push(...body.map((user: { id: string }) => user.id));
        path = next;
      }
      expect(seen).toHaveLength(total);
      expect(new Set(seen).size).toBe(total);
    });

    it('name the next page relative to the one that was asked for, and its cursor alone', async () => {
      for (const path of ['/users', '/users/']) {
        const { headers, next } = await root.get(`${path}?limit=1`);
        const cursor = headers.get('next-cursor');
        expect(headers.get('link')).toBe(`<?limit=1&cursor=${cursor}>; rel="next"`);
        expect(next).toBe(`${path}?limit=1&cursor=${cursor}`);
        expect((await root.get(next!)).status).toBe(200);
      }
      const last = await root.get('/users?limit=100');
      expect([last.headers.get('link'), last.headers.get('next-cursor')]).toEqual([null, null]);
    });

    it('are made administrators by administrators', async () => {
      const { id } = await app.addUser('eve@example.com');
      expect(await root.put(`/users/${id}`, { role: 'admin' })).toMatchObject({
        status: 200,
        body: { role: 'admin' },
      });
    });

    it('have one account an address', async () => {
      const answer = await root.post('/users', { email: 'ANN@EXAMPLE.COM', password: PASSWORD });
      expect(answer).toMatchObject({ status: 409, body: { code: 'email_taken' } });
    });

    it('are counted', async () => {
      expect((await ann.get('/stats')).body).toEqual({ users: expect.any(Number) });
    });
  });

  describe('the password', () => {
    it('is changed by who knows it', async () => {
      await app.addUser('fay@example.com');
      const fay = app.visitor();
      await fay.login('fay@example.com');
      const wrong = { current_password: 'wrong', new_password: 'another good password' };
      expect(await fay.put('/users/me/password', wrong)).toMatchObject({
        status: 403,
        body: { code: 'current_password_wrong' },
      });
      expect((await fay.put('/users/me/password', { ...wrong, current_password: PASSWORD })).status).toBe(
        200,
      );
      expect((await app.visitor().login('fay@example.com')).status).toBe(401);
      expect((await app.visitor().login('fay@example.com', 'another good password')).status).toBe(200);
    });

    it('ends other sessions, and says why to their clients', async () => {
      await app.addUser('gil@example.com');
      const [here, there] = [app.visitor(), app.visitor()];
      await here.login('gil@example.com');
      await there.login('gil@example.com');
      await here.put('/users/me/password', {
        current_password: PASSWORD,
        new_password: 'another good password',
      });
      expect(await there.get('/users/me')).toMatchObject({ status: 401, body: { code: 'password_changed' } });
      expect((await here.get('/users/me')).status).toBe(200);
    });

    it('tells the same to who holds the old token of the one that changed it', async () => {
      await app.addUser('hal@example.com');
      const hal = app.visitor();
      await hal.login('hal@example.com');
      const token = hal.cookie!;
      await hal.put('/users/me/password', {
        current_password: PASSWORD,
        new_password: 'another good password',
      });
      expect((await app.visitor({ cookie: token }).get('/users/me')).body.code).toBe('password_changed');
    });

    it.each([
      ['short', 'Must have at least 15 characters.'],
      ['\u{1f9e5}'.repeat(14), 'Must have at least 15 characters.'],
      ['x'.repeat(257), 'Must have at most 256 characters and 1024 bytes.'],
      ['Ann@Example.com', GUESSABLE],
      ['coatcheck 2026!', GUESSABLE],
      ['passwordpassword', GUESSABLE],
      ['MomsAnAladventure', KNOWN],
      [PASSWORD, 'Must differ from the current password.'],
    ])('is refused where it is %j', async (new_password, detail) => {
      const answer = await ann.put('/users/me/password', { current_password: PASSWORD, new_password });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/new_password', detail }] } });
    });

    it.each([
      ['coatcheckcoatcheck', GUESSABLE],
      ['Mallory Example 7', GUESSABLE],
      ['momsanaladventure', KNOWN],
    ])('is refused at registration: %j', async (password, detail) => {
      const answer = await root.post('/users', {
        email: 'mallory@example.com',
        password,
        first_name: 'Mallory',
      });
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'validation_failed', errors: [{ pointer: '/password', detail }] },
      });
      expect(JSON.stringify(answer.body)).not.toContain(password);
    });

    it('is counted in code points, of which 256 count to the last', async () => {
      const shortest =
        '\u{1f9e5}\u{1f600}\u{1f680}\u{1f3a9}\u{1f9e6}'.repeat(2) + '\0 \u05d0\u{10330}\u{e0fff}';
      const longest = `${'\u{1f9e5}\u{1f600}\u{1f680}\u{1f3a9}'.repeat(63)}\u{1f9e6}\u{1f9e5}\u{1f9e6}\u{1f9e5}`;
      for (const [email, password] of [
        ['shortest@example.com', shortest],
        ['longest@example.com', longest],
      ] as const) {
        expect((await root.post('/users', { email, password })).status).toBe(201);
        expect((await app.visitor().login(email, password)).status).toBe(200);
        const last = [...password].length - 1;
        const other = [...password].with(last, '\u{1f3b7}').join('');
        expect((await app.visitor().login(email, other)).status).toBe(401);
      }
    });

    it('is set by no other route', async () => {
      expect((await root.put(`/users/${annId}`, { password: 'another good password' })).status).toBe(400);
      expect((await app.visitor().login('ann@example.com')).status).toBe(200);
    });
  });

  describe('health', () => {
    it.each(['/health/live', '/health/ready'])('%s is open to all', async (path) => {
      expect(await app.visitor().get(path)).toMatchObject({ status: 200, body: { status: 'up' } });
    });
  });

  it('is kept by no cache and has no marks of what it is made with', async () => {
    const { headers } = await ann.get('/users/me');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('vary')).toContain('Cookie');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect([headers.get('etag'), headers.get('x-powered-by')]).toEqual([null, null]);
  });
});

describe('A store that cannot answer', () => {
  it('is a 503 with Retry-After, and never treated as a missing credential', async () => {
    const app = await TestApp.start();
    const ann = app.visitor();
    await app.addUser('ann@example.com');
    await ann.login('ann@example.com');
    await app.closeStores();
    const requests = [
      ann.get('/users/me'),
      ann.get('/health/ready'),
      app.visitor().login('ann@example.com'),
      ann.delete('/auth_session/logout'),
    ];
    for (const { status, headers, body } of await Promise.all(requests)) {
      expect([status, headers.get('retry-after'), body.code]).toEqual([503, '1', 'store_unavailable']);
    }
    expect((await ann.get('/status')).status).toBe(200);
    expect((await ann.get('/health/live')).status).toBe(200);
    await app.stop();
  });
});

describe('The session limit', () => {
  it.each([
    ['evict_oldest', 200, 'session_evicted'],
    ['refuse', 409, null],
  ])('under %s answers one sign-in too many with %i', async (policy, status, reason) => {
    const app = await TestApp.start({ SESSION_MAX_PER_USER: '2', SESSION_LIMIT_POLICY: policy });
    await app.addUser('ann@example.com');
    const visitors = [app.visitor(), app.visitor(), app.visitor()];
    const statuses = [];
    for (const visitor of visitors) {
      statuses.push((await visitor.login('ann@example.com')).status);
      app.clock.advance(1000);
    }
    expect(statuses).toEqual([200, 200, status]);
    expect((await visitors[0]!.get('/users/me')).body.code ?? null).toBe(reason);
    await app.stop();
  });
});

describe('A page of another origin', () => {
  const trusted = 'https://app.example.com';
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({ TRUSTED_ORIGINS: trusted });
    await app.addUser('ann@example.com');
  });

  afterAll(() => app.stop());

  it.each([
    [trusted, 200, trusted, 'true'],
    ['https://evil.example', 403, null, null],
    ['https://app.example.com.evil.example', 403, null, null],
    ['http://app.example.com', 403, null, null],
  ])('%s signs a visitor in with %i', async (origin, status, allowed, credentials) => {
    const answer = await app.visitor({ origin }).login('ann@example.com');
    expect(answer.status).toBe(status);
    expect(answer.body.code ?? null).toBe(status === 403 ? 'cross_site_request' : null);
    expect(answer.headers.get('access-control-allow-credentials')).toBe(credentials);
    expect(answer.headers.get('access-control-allow-origin')).toBe(allowed);
  });

  it('reads nothing where none is trusted', async () => {
    const alone = await TestApp.start();
    const { status, headers } = await alone.visitor({ origin: trusted }).get('/status');
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, null]);
    await alone.stop();
  });
});

describe('The prefix', () => {
  it.each([
    ['/', ''],
    ['/auth', '/auth'],
  ])('%s stands in front of every route', async (API_PREFIX, path) => {
    const app = await TestApp.start({ API_PREFIX });
    const at = async (url: string) => (await fetch(app.root + url)).status;
    expect(await at(`${path}/status`)).toBe(200);
    expect(await at(`${path}/users/me`)).toBe(401);
    expect(await at(`${path}/openapi.json`)).toBe(200);
    expect(await at(`${path}/auth_session/login`)).toBe(405);
    expect(await at('/api/v1/status')).toBe(401);
    await app.stop();
  });
});
