import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { serveApiDocs } from './api-docs.js';
import { JsonExpressAdapter } from './json-express.adapter.js';
import { RouteTable } from './route-table.js';

describe('What describes the API', () => {
  let app: INestApplication;
  let failures: number;
  let made: number;

  beforeEach(async () => {
    failures = made = 0;
    app = (await Test.createTestingModule({}).compile()).createNestApplication(new JsonExpressAdapter(), {
      logger: false,
    });
    const routes = () => {
      if (failures-- > 0) throw new Error('no memory');
      made += 1;
      return new RouteTable(app.get(ModulesContainer), '/api');
    };
    serveApiDocs(app, '/api', routes, {});
    await app.listen(0, '127.0.0.1');
  });

  afterEach(() => app.close());

  async function statusOf(path: string): Promise<number> {
    const { port } = app.getHttpServer().address() as AddressInfo;
    return (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  }

  it('is made when it is asked for, and once, however many are the first', async () => {
    expect(await statusOf('/elsewhere')).toBe(404);
    expect(made).toBe(0);
    const paths = ['/docs', '/api/docs', '/openapi.json', '/api/openapi.json', '/api/docs/swagger-ui.css'];
    expect(await Promise.all(paths.map(statusOf))).toEqual(paths.map(() => 200));
    expect(made).toBe(1);
  });

  it('is tried again after it could not be made', async () => {
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
});
