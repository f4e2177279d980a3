import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiDocs } from './api-docs.js';
import { JsonExpressAdapter } from './json-express.adapter.js';
import { RouteTable } from '../../http/route-table.js';
import { UsersOptions } from '../../users/users-options.js';

describe('The API description', () => {
  let app: INestApplication;
  let failures: number;
  let made: number;

  beforeEach(async () => {
    failures = made = 0;
    const adapter = new JsonExpressAdapter();
    app = (await Test.createTestingModule({}).compile()).createNestApplication(adapter, { logger: false });
    const routes = () => {
      if (failures-- > 0) throw new Error('no memory');
      made += 1;
      return new RouteTable(app.get(ModulesContainer), '/api');
    };
    adapter.enterBy(apiDocs(app, '/api', routes, {}, new UsersOptions()));
    await app.listen(0, '127.0.0.1');
  });

  afterEach(() => app.close());

  function ask(path: string, method = 'GET'): Promise<Response> {
    const { port } = app.getHttpServer().address() as AddressInfo;
    return fetch(`http://127.0.0.1:${port}${path}`, { method });
  }

  async function statusOf(path: string): Promise<number> {
    return (await ask(path)).status;
  }

  async function answerTo(path: string, method: string) {
    const { status, headers } = await ask(path, method);
    return [status, headers.get('allow'), headers.get('content-security-policy')];
  }

  it('is built once, at the first requests', async () => {
    expect(await statusOf('/elsewhere')).toBe(404);
    expect(made).toBe(0);
    const paths = ['/docs', '/api/docs', '/openapi.json', '/api/openapi.json', '/api/docs/swagger-ui.css'];
    expect(await Promise.all(paths.map(statusOf))).toEqual(paths.map(() => 200));
    expect(made).toBe(1);
  });

  it('is built again after a failure', async () => {
    failures = 1;
    expect(await statusOf('/docs')).toBe(500);
    expect(await statusOf('/docs')).toBe(200);
    expect(made).toBe(1);
  });

  it('does not answer for paths that only look like its own', async () => {
    for (const path of ['/docsx', '/Docs', '/docs/nothing', '/openapi.jsonx', '/api/docs/package/nothing']) {
      expect([path, await statusOf(path)]).toEqual([path, 404]);
    }
  });

  it('serves no other file of Swagger UI, in any spelling of the path', async () => {
    const files = readdirSync(
      dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')),
    );
    const served: string[] = [];
    for (const file of [
      ...files,
      'index.html',
      'docs/swagger-ui-init.js',
      'package%2ejson',
      './/package.json',
    ])
      for (const base of ['/docs/', '/api/docs/', '/docs//'])
        if ((await statusOf(base + file)) !== 404) served.push(base + file);
    const allowed = ['favicon-16x16.png', 'favicon-32x32.png', 'swagger-ui-bundle.js'];
    allowed.push('swagger-ui-standalone-preset.js', 'swagger-ui.css');
    expect(served.toSorted()).toEqual(
      ['/api/docs/', '/docs/'].flatMap((base) => allowed.map((file) => base + file)).toSorted(),
    );
    for (const base of ['/docs/', '/api/docs/'])
      expect(await statusOf(`${base}swagger-ui-init.js`)).toBe(200);
  });

  it('answers only GET and HEAD', async () => {
    for (const path of ['/docs', '/docs/swagger-ui.css', '/openapi.json', '/nowhere'])
      for (const method of ['OPTIONS', 'POST', 'PUT'])
        expect([method, path, await answerTo(path, method)]).toEqual([method, path, [404, null, null]]);
  });
});
