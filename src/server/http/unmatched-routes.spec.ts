import { beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Post } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { Express, Request } from 'express';
import { anExchange } from '../../../test/support/exchange.js';
import { guardWith } from '../../../test/support/guards.js';
import { Public } from '../../auth/decorators/access.js';
import { RouteTable } from '../../http/route-table.js';
import { aUser } from '../../testing/samples.js';
import { Auth, ANONYMOUS, type AuthResult } from '../../auth/auth.js';
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

/** Knows whoever says a name. */
class NameAuth extends Auth {
  readonly challenge = 'Name';

  async authenticate({ headers }: Request): Promise<AuthResult> {
    if (headers.from === undefined) return ANONYMOUS;
    return { outcome: 'authenticated', principal: { user: aUser(), session: null } };
  }
}

describe('What no route serves', () => {
  let routes: UnmatchedRoutes;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ controllers: [Coats] }).compile();
    const app = module.createNestApplication().setGlobalPrefix('/api');
    await app.init();
    const table = new RouteTable(app.get(ModulesContainer), '/api');
    const served = new ServedRoutes(table, app.getHttpAdapter().getInstance() as Express);
    routes = new UnmatchedRoutes(guardWith(new NameAuth()), () => served);
  });

  const answer = async (method: string, url: string, headers: Record<string, string> = {}) => {
    const { request, response } = anExchange(headers, { method, url });
    await routes.answer(request, response);
    return {
      status: response.statusCode,
      allow: response.getHeader('allow'),
      isOver: response.writableEnded,
    };
  };
  const known = { from: 'ann@example.com' };
  const STRANGER = { code: 'credentials_missing', problem: { allow: null } };

  it('is told by its methods to OPTIONS of who is signed in', async () => {
    const told = (allow: string) => ({ status: 204, allow, isOver: true });
    expect(await answer('OPTIONS', '/api/open', known)).toEqual(told('GET, HEAD, OPTIONS'));
    expect(await answer('OPTIONS', '/api/half-open', known)).toEqual(told('DELETE, OPTIONS, POST'));
    expect(await answer('OPTIONS', '/api/coats/7', known)).toEqual(told('GET, HEAD, OPTIONS'));
  });

  it('is another method of what is public, which anyone is told', async () => {
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
  ])('is one and the same to a stranger: %s %s', async (method, url) => {
    await expect(answer(method, url)).rejects.toMatchObject(STRANGER);
  });

  it.each([
    ['PUT', '/api/half-open', 'method_not_allowed', 'DELETE, OPTIONS, POST'],
    ['PUT', '/api/coats/7', 'method_not_allowed', 'GET, HEAD, OPTIONS'],
    ['PUT', '/api/coats/%ff', 'not_found', null],
    ['GET', '/api/nowhere', 'not_found', null],
    ['OPTIONS', '/api/nowhere', 'not_found', null],
  ])('is a wrong path or method to who is signed in: %s %s', async (method, url, code, allow) => {
    await expect(answer(method, url, known)).rejects.toMatchObject({ code, problem: { allow } });
  });
});
