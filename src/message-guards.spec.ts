import { Controller, Get, type HttpServer, type Type } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA } from '@nestjs/common/constants.js';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { DomainError } from './common/domain-error.js';
import { AuthGuard, CoatcheckModule, FreshGuard, RolesGuard } from './index.js';
import { MessageFilter } from './message.filter.js';

const KEPT = { canActivate: () => true };

/** A controller with the metadata of `@MessagePattern()` at one of its methods. */
function newController(): Type<{ sell(): void; show(): void }> {
  @Controller()
  class Coats {
    sell() {}

    @Get()
    show() {}
  }
  Reflect.defineMetadata('microservices:pattern', ['sell'], Coats.prototype.sell);
  Reflect.defineMetadata(GUARDS_METADATA, [KEPT], Coats);
  return Coats;
}

async function build(controller: Type, global = true) {
  const auth = CoatcheckModule.forRoot({
    type: 'session_exp_auth',
    storage: { database: 'memory:' },
    cookie: { name: 'sid', secure: false },
    global,
  });
  const app = await Test.createTestingModule({ imports: [auth], controllers: [controller] }).compile();
  const guards = [AuthGuard, RolesGuard, FreshGuard].map((guard) =>
    app.get<object>(guard, { strict: false }),
  );
  await app.close();
  return guards;
}

const guardsOf = (controller: Type) => Reflect.getMetadata(GUARDS_METADATA, controller) as unknown[];
const filtersOf = (handler: object) =>
  (Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, handler) ?? []) as unknown[];

describe('A controller that handles messages', () => {
  it('has the guards of the latest application before its own, and a filter at each handler', async () => {
    const controller = newController();
    await build(controller);
    const guards = await build(controller);
    const found = guardsOf(controller);
    expect(found).toHaveLength(4);
    for (const [index, guard] of [...guards, KEPT].entries()) expect(found[index]).toBe(guard);
    const { sell, show } = controller.prototype as { sell: object; show: object };
    expect(filtersOf(sell)).toEqual([expect.any(MessageFilter)]);
    expect(filtersOf(show)).toEqual([]);
  });

  it('answers a refused request to a handler that is a route, too', () => {
    const answers: unknown[] = [];
    const server = {
      isHeadersSent: () => false,
      reply: (_: unknown, body: object, status: number) => void answers.push([status, body]),
    };
    const filter = new MessageFilter('Coats.sell', false, server as unknown as HttpServer);
    const error = new DomainError('credentials_missing');
    // An observable would leave the client of an earlier Nest 11 without an answer.
    expect(filter.catch(error, new ExecutionContextHost([{}, {}]))).toBeUndefined();
    expect(answers).toEqual([[401, error.getResponse()]]);
  });

  it('keeps its own guards alone where none is global', async () => {
    const controller = newController();
    await build(controller, false);
    expect(guardsOf(controller)).toEqual([KEPT]);
  });
});
