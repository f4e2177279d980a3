import { beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Post } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { anExchange } from '../../../test/support/exchange.js';
import { guardWith } from '../../../test/support/guards.js';
import { Public } from '../../auth/decorators/access.js';
import { RouteTable } from '../../http/route-table.js';
import { aUser } from '../../testing/samples.js';
import { Auth, ANONYMOUS, type AuthResult } from '../../auth/auth.js';
import type { AuthRequest } from '../../auth/auth-request.js';
import { exchangeOf } from '../../auth/exchange/exchange.js';
import { JsonExpressAdapter } from './json-express.adapter.js';
import { ServedRoutes } from './served-routes.js';
import { UnmatchedRoutes } from './unmatched-routes.js';

@Controller()
class Coats {
  @Get('open')
  @Public()
  open() {}

  @Post('half-open')
  @Public()
  bring() {}

  @Delete('half-open')
  take() {}

  @Get('coats/:id')
  mine() {}
}

/** Authenticates every request with a From header. */
class NameAuth extends Auth {
  readonly challenges = ['Name'];

  async authenticate({ headers }: AuthRequest): Promise<AuthResult> {
    if (headers.from === undefined) return ANONYMOUS;
    return { outcome: 'authenticated', principal: { user: aUser(), session: null } };
  }
}

describe('A request that no route serves', () => {
  let routes: UnmatchedRoutes;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ controllers: [Coats] }).compile();
    const adapter = new JsonExpressAdapter();
    const app = module.createNestApplication(adapter).setGlobalPrefix('/api');
    await app.init();
    const table = new RouteTable(app.get(ModulesContainer), '/api');
    const served = new ServedRoutes(table, () => adapter.servedPatterns());
    routes = new UnmatchedRoutes(guardWith(new NameAuth()), () => served);
  });

  const answer = async (method: string, url: string, headers: Record<string, string> = {}) => {
    const { request, response } = anExchange(headers, { method, url });
    await routes.answer(exchangeOf(request, response));
    return {
      status: response.statusCode,
      allow: response.getHeader('allow'),
      isEnded: response.writableEnded,
    };
  };
  const known = { from: 'ann@example.com' };
  const STRANGER = { code: 'credentials_missing', problem: { allow: null } };

  it('with OPTIONS returns the allowed methods to an authenticated client', async () => {
    const told = (allow: string) => ({ status: 204, allow, isEnded: true });
    expect(await answer('OPTIONS', '/api/open', known)).toEqual(told('GET, HEAD, OPTIONS'));
    expect(await answer('OPTIONS', '/api/half-open', known)).toEqual(told('DELETE, OPTIONS, POST'));
    expect(await answer('OPTIONS', '/api/coats/7', known)).toEqual(told('GET, HEAD, OPTIONS'));
  });

  it('with another method of a public path is answered 405 to anyone', async () => {
    await expect(answer('POST', '/api/open')).rejects.toMatchObject({
      code: 'method_not_allowed',
      problem: { allow: 'GET, HEAD, OPTIONS' },
    });
  });

  it.each([
    ['PUT', '/api/half-open'],
    ['PUT', '/api/coats/7'],
    ['PUT', '/api/coats/%ff'],
    ['GET', '/api/nowhere'],
    ['OPTIONS', '/api/nowhere'],
    ['OPTIONS', '/api/open'],
    ['OPTIONS', '/api/half-open'],
    ['OPTIONS', '/api/coats/7'],
    ['GET', '/'],
  ])('is always answered 401 without authentication: %s %s', async (method, url) => {
    await expect(answer(method, url)).rejects.toMatchObject(STRANGER);
  });

  it.each([
    ['PUT', '/api/half-open', 'method_not_allowed', 'DELETE, OPTIONS, POST'],
    ['PUT', '/api/coats/7', 'method_not_allowed', 'GET, HEAD, OPTIONS'],
    ['PUT', '/api/coats/%ff', 'not_found', null],
    ['GET', '/api/nowhere', 'not_found', null],
    ['OPTIONS', '/api/nowhere', 'not_found', null],
  ])('is answered 404 or 405 to an authenticated client: %s %s', async (method, url, code, allow) => {
    await expect(answer(method, url, known)).rejects.toMatchObject({ code, problem: { allow } });
  });
});
