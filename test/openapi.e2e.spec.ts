import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import { MemoryMailer } from 'coatcheck/testing';
import { RouteTable } from '../src/http/route-table.js';
import { TestApp } from './support/app.js';

interface Field {
  readonly type?: unknown;
  readonly $ref?: string;
  readonly properties?: object;
  readonly anyOf?: readonly object[];
  readonly additionalProperties?: unknown;
}

/** Generated clients name their methods by these: none may change. */
const OPERATIONS = {
  'get /status': 'getStatus',
  'get /health/live': 'getLiveness',
  'get /health/ready': 'getReadiness',
  'get /stats': 'getStats',
  'get /stats/activity': 'getActivity',
  'get /stats/live': 'getLive',
  'get /audit': 'listAuditEvents',
  'get /audit/export': 'exportAuditEvents',
  'put /users/me/password': 'changePassword',
  'post /auth_session/login': 'signIn',
  'delete /auth_session/logout': 'signOut',
  'get /factors': 'listFactors',
  'post /factors/totp': 'beginTotp',
  'post /factors/totp/confirm': 'confirmTotp',
  'delete /factors/totp': 'removeTotp',
  'post /factors/passkey_options': 'beginPasskey',
  'post /factors/passkeys': 'addPasskey',
  'patch /factors/passkeys/{id}': 'renamePasskey',
  'delete /factors/passkeys/{id}': 'removePasskey',
  'post /factors/recovery_codes': 'renewRecoveryCodes',
  'post /factors/confirm/options': 'beginConfirmation',
  'post /factors/confirm': 'confirmFactor',
  'get /auth_session/second_step': 'getSecondStep',
  'post /auth_session/second_step': 'finishSignIn',
  'post /auth_session/second_step/options': 'beginPasskeyStep',
  'post /auth_session/second_step/totp': 'beginRequiredTotp',
  'post /auth_session/second_step/totp/confirm': 'confirmRequiredTotp',
  'post /auth_session/second_step/passkey_options': 'beginRequiredPasskey',
  'post /auth_session/second_step/passkeys': 'addRequiredPasskey',
  'post /auth_session/passkey/options': 'beginPasskeySignIn',
  'post /auth_session/passkey': 'signInWithPasskey',
  'get /users/{id}/factors': 'listUserFactors',
  'delete /users/{id}/factors': 'resetUserFactors',
  'get /sessions': 'listSessions',
  'delete /sessions': 'endSessions',
  'get /sessions/current': 'getCurrentSession',
  'post /sessions/current/reauthenticate': 'reauthenticate',
  'patch /sessions/{id}': 'renameSession',
  'delete /sessions/{id}': 'endSession',
  'get /users/{id}/sessions': 'listUserSessions',
  'delete /users/{id}/sessions': 'endUserSessions',
  'delete /users/{id}/sessions/{session}': 'endUserSession',
  'post /access_tokens': 'createAccessToken',
  'get /users': 'listUsers',
  'post /users': 'createUser',
  'get /users/me': 'getCurrentUser',
  'get /users/{id}': 'getUser',
  'put /users/{id}': 'updateUser',
  'patch /users/{id}': 'patchUser',
  'put /users/me': 'updateCurrentUser',
  'patch /users/me': 'patchCurrentUser',
  'delete /users/me': 'deleteCurrentUser',
  'post /users/{id}/password_reset': 'issuePasswordReset',
  'post /password/reset': 'resetPassword',
  'post /password/forgot': 'requestPasswordReset',
  'post /email/verification': 'requestEmailVerification',
  'post /email/verify': 'verifyEmail',
  'post /email/confirm': 'confirmEmailChange',
  'post /email/cancel': 'cancelEmailChange',
  'post /invitations': 'inviteUser',
  'get /registration': 'getRegistration',
  'delete /users/{id}': 'deleteUser',
};

describe('The description of the API', () => {
  let app: TestApp;
  // oxlint-disable-next-line typescript/no-explicit-any -- the document is read as any client would
  let document: any;

  beforeAll(async () => {
    app = await TestApp.start(
      { AUTH_TYPE: 'session_db_auth,token_auth,basic_auth' },
      {},
      { mailer: new MemoryMailer() },
    );
    document = await (await fetch(`${app.root}/openapi.json`)).json();
  });

  afterAll(() => app.stop());

  /** All but the two that only show what a refusal looks like. */
  const routes = () =>
    new RouteTable(app.nest.get(ModulesContainer), '').routes.filter(
      ({ path }) => !['/unauthorized', '/forbidden'].includes(path),
    );
  const operationOf = (method: string, path: string) =>
    document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];

  it('is OpenAPI 3.1, at the root and under the prefix', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const other = await (await fetch(`${app.root}/api/v1/openapi.json`)).json();
    expect(other).toEqual({ ...document, servers: [{ url: '.', description: 'This server.' }] });
    expect(document.servers).toEqual([{ url: './api/v1', description: 'This server.' }]);
  });

  it('has every route and no other', () => {
    const described = Object.entries<object>(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = routes().map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    expect(described.toSorted()).toEqual(served.toSorted());
  });

  it('asks for a credential exactly where the guard does', async () => {
    const stranger = app.visitor();
    for (const { method, path } of routes()) {
      const { status } = await stranger.send(method, path.replace(/:\w+/g, 'x'));
      const security: object[] = operationOf(method, path).security;
      const isGuarded = security.length > 0 && !security.some((one) => Object.keys(one).length === 0);
      expect({ method, path, guarded: status === 401 }).toEqual({ method, path, guarded: isGuarded });
    }
  });

  it('names the schemes that are taken', () => {
    expect(document.components.securitySchemes).toEqual({
      session: { type: 'apiKey', in: 'cookie', name: 'sid' },
      bearer: { type: 'http', scheme: 'bearer' },
      basic: { type: 'http', scheme: 'basic', description: 'E-mail and password with each request.' },
    });
  });

  it('has the 202 of a registration only where mails are sent', async () => {
    expect(Object.keys(document.paths['/users'].post.responses)).toEqual(
      expect.arrayContaining(['201', '202']),
    );
    const other = await TestApp.start();
    const { paths } = (await (await fetch(`${other.root}/openapi.json`)).json()) as typeof document;
    await other.stop();
    expect(Object.keys(paths['/users'].post.responses)).not.toContain('202');
    expect(Object.keys(paths)).not.toContain('/password/forgot');
  });

  it('names no bearer scheme, and no access tokens, where no tokens are taken', async () => {
    const other = await TestApp.start({ AUTH_TYPE: 'session_db_auth' });
    const description = await (await fetch(`${other.root}/openapi.json`)).json();
    const { paths, components } = description as typeof document;
    await other.stop();
    expect(Object.keys(components.securitySchemes)).toEqual(['session']);
    expect(Object.keys(paths)).not.toContain('/access_tokens');
  });

  it('tells of a demanded proof on exactly the routes that demand one', () => {
    const told = routes().filter(({ method, path }) =>
      /session_not_fresh/.test(operationOf(method, path).description),
    );
    expect(told.map(({ method, path }) => `${method} ${path}`)).toEqual(
      routes()
        .filter(({ maxAge }) => maxAge !== null)
        .map(({ method, path }) => `${method} ${path}`),
    );
    expect(told.length).toBeGreaterThan(7);
    for (const { method, path } of told)
      expect(operationOf(method, path).description).toContain('within the last 300 seconds');
  });

  it.each<readonly [method: string, path: string, body: string | null, status: number, answer: object]>([
    ['POST', '/auth_session/login', 'LoginDto', 200, { $ref: '#/components/schemas/SignedInUserDto' }],
    ['GET', '/sessions', null, 200, { type: 'array', items: { $ref: '#/components/schemas/SessionDto' } }],
    ['DELETE', '/sessions', null, 200, { properties: { ended: { type: 'integer' } }, required: ['ended'] }],
    ['GET', '/sessions/current', null, 200, { $ref: '#/components/schemas/CurrentSessionDto' }],
    [
      'POST',
      '/sessions/current/reauthenticate',
      'ReauthenticateDto',
      200,
      { $ref: '#/components/schemas/GrantedSessionDto' },
    ],
    ['PATCH', '/sessions/{id}', 'RenameSessionDto', 200, { $ref: '#/components/schemas/SessionDto' }],
    [
      'POST',
      '/access_tokens',
      'CreateAccessTokenDto',
      201,
      { $ref: '#/components/schemas/GrantedSessionDto' },
    ],
    ['GET', '/users/{id}/sessions', null, 200, { items: { $ref: '#/components/schemas/SessionDto' } }],
    ['DELETE', '/users/{id}/sessions', null, 200, { properties: { ended: { type: 'integer' } } }],
    ['PUT', '/users/me/password', 'ChangePasswordDto', 200, { $ref: '#/components/schemas/SignedInUserDto' }],
  ])('shows what goes to %s %s, and what comes back', (method, path, body, status, answer) => {
    const { requestBody, responses } = operationOf(method, path);
    expect(requestBody?.content['application/json'].schema ?? null).toEqual(
      body && { $ref: `#/components/schemas/${body}` },
    );
    expect(responses[status].content['application/json'].schema).toMatchObject(answer);
  });

  it('says that there is no login where each request carries the password', async () => {
    const own = await TestApp.start({ AUTH_TYPE: 'basic_auth' });
    const document = await (await fetch(`${own.root}/openapi.json`)).json();
    const { paths, components } = Object(document);
    await own.stop();
    expect(Object.keys(paths).filter((path) => path.includes('auth_session'))).toEqual([]);
    expect(components.securitySchemes.basic.description).toMatch(/There is no login/);
  });

  it('names the queries that narrow lists and widen endings', () => {
    const queriesOf = (method: string, path: string) =>
      operationOf(method, path)
        .parameters.filter((one: { in: string }) => one.in === 'query')
        .map(({ name, schema }: { name: string; schema: { enum?: string[] } }) => [name, schema.enum]);
    const list = [
      ['limit', undefined],
      ['cursor', undefined],
      ['kind', ['session', 'remembered', 'access_token']],
    ];
    expect(queriesOf('GET', '/sessions')).toEqual(list);
    expect(queriesOf('GET', '/users/{id}/sessions')).toEqual(list);
    expect(queriesOf('DELETE', '/sessions')).toEqual([['scope', ['others', 'all']]]);
  });

  it('shows a session with every field that answers have', async () => {
    const { SessionDto, GrantedSessionDto, LoginDto, CreateAccessTokenDto, RenameSessionDto } =
      document.components.schemas;
    await app.addUser('ann@example.com');
    const ann = app.visitor();
    await ann.login('ann@example.com');
    const { body } = await ann.get('/sessions');
    expect(Object.keys(SessionDto.properties)).toEqual(Object.keys(body[0]));
    expect(SessionDto.required).toEqual(Object.keys(body[0]));
    expect(Object.keys(GrantedSessionDto.properties)).toEqual([...Object.keys(body[0]), 'token']);
    expect(GrantedSessionDto.required).toEqual(Object.keys(body[0]));
    expect(Object.keys(LoginDto.properties)).toEqual(['email', 'login', 'password', 'remember', 'transport']);
    expect(LoginDto.required).toEqual(['password']);
    expect(LoginDto.properties).toMatchObject({
      remember: { type: ['boolean', 'null'] },
      transport: { type: ['string', 'null'], enum: ['cookie', 'bearer', null] },
    });
    expect(CreateAccessTokenDto.required).toEqual(['label', 'scope', 'expires_at']);
    expect(CreateAccessTokenDto.properties.scope.enum).toEqual(['read', 'write']);
    expect(RenameSessionDto.required).toEqual(['label']);
    const { max_age, ended_at, expires_at, factors, pending_token, code } =
      document.components.schemas.Problem.properties;
    expect([max_age.type, ended_at.format]).toEqual(['integer', 'date-time']);
    expect([expires_at.format, factors.type, pending_token.type]).toEqual(['date-time', 'array', 'string']);
    expect(code.enum).toEqual(
      expect.arrayContaining(['session_not_fresh', 'scope_required', 'session_ended_elsewhere']),
    );
  });

  it('types what is null or left out as what it else is', () => {
    const { ChangePasswordDto, CreateUserDto, AuditEventDto, AuditDetailsDto, UserDto } =
      document.components.schemas;
    expect(ChangePasswordDto.properties.current_password.type).toEqual(['string', 'null']);
    expect(CreateUserDto.properties.setup_code.type).toEqual(['string', 'null']);
    expect(AuditEventDto.properties.details).toEqual({ $ref: '#/components/schemas/AuditDetailsDto' });
    expect(AuditDetailsDto.properties.reason.enum).toContain('wrong_password');
    expect(UserDto.required).toContain('role');
    const untyped = Object.entries<{ properties?: Record<string, Field> }>(
      document.components.schemas,
    ).flatMap(([name, { properties = {} }]) =>
      Object.entries(properties)
        .filter(([, { $ref, anyOf, type, properties: own, additionalProperties }]) =>
          $ref || anyOf ? false : !type || (type === 'object' && !own && additionalProperties !== true),
        )
        .map(([field]) => `${name}.${field}`),
    );
    expect(untyped).toEqual([]);
  });

  const operations = () =>
    Object.entries<object>(document.paths).flatMap(([path, item]) =>
      // oxlint-disable-next-line typescript/no-explicit-any -- as above
      Object.entries<any>(item).map(([method, operation]) => ({ route: `${method} ${path}`, operation })),
    );
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  const resolved = (one: any) => (one.$ref ? document.components.responses[one.$ref.split('/').at(-1)] : one);
  const codesOf = (method: string, path: string, status: number): string[] => {
    const { schema } = resolved(operationOf(method, path).responses[status]).content[
      'application/problem+json'
    ];
    return schema.allOf[1].properties.code.enum;
  };

  it('names every operation for good, and says what it does', () => {
    expect(
      Object.fromEntries(operations().map(({ route, operation }) => [route, operation.operationId])),
    ).toEqual(OPERATIONS);
    for (const { route, operation } of operations())
      expect({ route, summary: operation.summary, description: operation.description }).toEqual({
        route,
        summary: expect.stringMatching(/^[A-Z][^.]+[^.]$/),
        description: expect.stringMatching(/^[A-Z].*\.$/),
      });
  });

  it('has a problem with its codes for every refusal, and a body for every other answer', () => {
    for (const { route, operation } of operations()) {
      const statuses = Object.keys(operation.responses);
      expect([route, statuses]).toEqual([route, expect.arrayContaining(['400', '500'])]);
      for (const status of statuses) {
        const { content, headers, description } = resolved(operation.responses[status]);
        const answer = route === 'get /audit/export' ? 'text/csv' : 'application/json';
        const type = Number(status) < 400 ? answer : 'application/problem+json';
        expect([route, status, Object.keys(content)]).toEqual([route, status, [type]]);
        expect(Object.keys(headers)).toContain('X-Request-Id');
        expect(description).not.toBe('');
        if (Number(status) < 400) continue;
        const [base, { properties }] = content[type].schema.allOf;
        expect(base).toEqual({ $ref: '#/components/schemas/Problem' });
        expect(content[type].example).toMatchObject({
          status: Number(status),
          code: properties.code.enum[0],
        });
      }
    }
  });

  it('tells which codes an operation is refused with', () => {
    expect(codesOf('POST', '/auth_session/login', 401)).toEqual(['credentials_invalid']);
    expect(codesOf('POST', '/auth_session/login', 403)).toEqual(['cross_site_request']);
    expect(codesOf('POST', '/auth_session/login', 503)).toEqual(['store_unavailable', 'busy']);
    expect(codesOf('GET', '/users/me', 401)).toContain('session_evicted');
    expect(codesOf('GET', '/users', 403)).toEqual(['role_required']);
    expect(codesOf('DELETE', '/users/{id}', 409)).toEqual(['last_admin']);
    expect(codesOf('DELETE', '/users/{id}/sessions', 403)).toEqual([
      'role_required',
      'scope_required',
      'session_not_fresh',
      'cross_site_request',
    ]);
    expect(operationOf('GET', '/users/me').responses).not.toHaveProperty('403');
    expect(operationOf('GET', '/status').responses).not.toHaveProperty('401');
  });

  it('has every refusal of requests without a credential', async () => {
    for (const { method, path } of routes()) {
      const { status, body } = await app.visitor().send(method, path.replace(/:\w+/g, 'x'));
      if (status < 400) continue;
      expect([method, path, status, codesOf(method, path, status)]).toEqual([
        method,
        path,
        status,
        expect.arrayContaining([body.code]),
      ]);
    }
  });

  it('describes the headers of lists, of sign-in and of refusals', () => {
    const headersOf = (method: string, path: string, status: number) =>
      Object.keys(resolved(operationOf(method, path).responses[status]).headers);
    for (const path of ['/users', '/sessions', '/users/{id}/sessions', '/audit'])
      expect(headersOf('GET', path, 200)).toEqual(['X-Request-Id', 'Link', 'Next-Cursor']);
    expect(headersOf('POST', '/auth_session/login', 200)).toContain('Set-Cookie');
    expect(headersOf('DELETE', '/auth_session/logout', 200)).toContain('Clear-Site-Data');
    expect(headersOf('GET', '/users/me', 401)).toContain('WWW-Authenticate');
    expect(headersOf('GET', '/users/me', 503)).toContain('Retry-After');
    expect(operationOf('DELETE', '/auth_session/logout').responses[200].content).toEqual({
      'application/json': { schema: { $ref: '#/components/schemas/Empty' } },
    });
  });

  it('describes bodies by the rules that they are held to', () => {
    const { CreateUserDto } = document.components.schemas;
    expect(CreateUserDto.required).toEqual(['email', 'password']);
    expect(Object.keys(CreateUserDto.properties)).toEqual([
      'email',
      'password',
      'first_name',
      'last_name',
      'setup_code',
    ]);
    expect(document.components.schemas.Problem.required).toContain('code');
  });

  it('has a page whose files are all served', async () => {
    const page = await fetch(`${app.root}/docs`);
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => new URL(match[1]!, page.url));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect((await fetch(file)).status).toBe(200);
    expect(html).not.toMatch(/<script>[^<]/);
  });

  it('is not served where it is switched off', async () => {
    const silent = await TestApp.start({ API_DOCS: 'off' });
    for (const path of ['/docs', '/openapi.json', '/api/v1/docs']) {
      expect((await fetch(silent.root + path)).status).toBe(401);
    }
    await silent.stop();
  });
});
