import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import { RouteTable } from '../src/http/route-table.js';
import { TestApp } from './support/app.js';

describe('The description of the API', () => {
  let app: TestApp;
  // oxlint-disable-next-line typescript/no-explicit-any -- the document is read as any client would
  let document: any;

  beforeAll(async () => {
    app = await TestApp.start({ AUTH_TYPE: 'session_db_auth,basic_auth' });
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
      const { status } = await stranger.send(method, path.replace('/api/v1', '').replace(':id', 'x'));
      const security: object[] = operationOf(method, path).security;
      const isGuarded = security.length > 0 && !security.some((one) => Object.keys(one).length === 0);
      const refuses = status === 401 && !path.endsWith('/unauthorized');
      expect({ method, path, guarded: refuses }).toEqual({ method, path, guarded: isGuarded });
    }
  });

  it('names the schemes that are taken', () => {
    expect(document.components.securitySchemes).toEqual({
      session: { type: 'apiKey', in: 'cookie', name: 'sid' },
      basic: { type: 'http', scheme: 'basic' },
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
