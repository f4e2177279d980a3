import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import { RouteTable } from '../src/http/route-table.js';
import { TestApp } from './support/app.js';

describe('The description of the API', () => {
  let app: TestApp;
  // oxlint-disable-next-line typescript/no-explicit-any -- the document is read as any client would
  let document: any;

  beforeAll(async () => {
    app = await TestApp.start({ AUTH_TYPE: 'session_db_auth,token_auth,basic_auth' });
    document = await (await fetch(`${app.root}/openapi.json`)).json();
  });

  afterAll(() => app.stop());

  const routes = () => new RouteTable(app.nest.get(ModulesContainer), '/api/v1').routes;
  const operationOf = (method: string, path: string) =>
    document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];

  it('is OpenAPI 3.1, at the root and under the prefix', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(await (await fetch(`${app.root}/api/v1/openapi.json`)).json()).toEqual(document);
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
      const { status } = await stranger.send(method, path.replace('/api/v1', '').replace(/:\w+/g, 'x'));
      const security: object[] = operationOf(method, path).security;
      const isGuarded = security.length > 0 && !security.some((one) => Object.keys(one).length === 0);
      const refuses = status === 401 && !path.endsWith('/unauthorized');
      expect({ method, path, guarded: refuses }).toEqual({ method, path, guarded: isGuarded });
    }
  });

  it('names the schemes that are taken', () => {
    expect(document.components.securitySchemes).toEqual({
      session: { type: 'apiKey', in: 'cookie', name: 'sid' },
      bearer: { type: 'http', scheme: 'bearer' },
      basic: { type: 'http', scheme: 'basic', description: 'E-mail and password with each request.' },
    });
  });

  it('names no bearer scheme, and no access tokens, where no tokens are taken', async () => {
    const other = await TestApp.start({ AUTH_TYPE: 'session_db_auth' });
    const description = await (await fetch(`${other.root}/openapi.json`)).json();
    const { paths, components } = description as typeof document;
    await other.stop();
    expect(Object.keys(components.securitySchemes)).toEqual(['session']);
    expect(Object.keys(paths)).not.toContain('/api/v1/access_tokens');
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
    const { requestBody, responses } = operationOf(method, `/api/v1${path}`);
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
      operationOf(method, `/api/v1${path}`)
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
    expect(Object.keys(LoginDto.properties)).toEqual(['email', 'password', 'remember', 'transport']);
    expect(LoginDto.required).toEqual(['email', 'password']);
    expect(LoginDto.properties).toMatchObject({
      remember: { type: 'boolean' },
      transport: { type: 'string', enum: ['cookie', 'bearer'] },
    });
    expect(CreateAccessTokenDto.required).toEqual(['label', 'scope', 'expires_at']);
    expect(CreateAccessTokenDto.properties.scope.enum).toEqual(['read', 'write']);
    expect(RenameSessionDto.required).toEqual(['label']);
    const { max_age, ended_at, code } = document.components.schemas.Problem.properties;
    expect([max_age.type, ended_at.format]).toEqual(['integer', 'date-time']);
    expect(code.enum).toEqual(
      expect.arrayContaining(['session_not_fresh', 'scope_required', 'session_ended_elsewhere']),
    );
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
