import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, type INestApplication, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CoatcheckModule, CurrentExchange, type HttpExchange, Public, SignInService } from 'coatcheck';

@Controller('door')
class DoorController {
  constructor(private readonly signIns: SignInService) {}

  @Post()
  @Public()
  async enter(
    @Body() body: { readonly login: string; readonly password: string },
    @CurrentExchange() exchange: HttpExchange,
  ) {
    const { outcome } = await this.signIns.signInWithPassword(body, exchange);
    return { outcome };
  }
}

describe('A sign-in of the application', () => {
  let app: INestApplication;

  afterEach(() => app.close());

  it.each([
    ['Express', () => new ExpressAdapter()],
    ['Fastify', () => new FastifyAdapter()],
  ])('has Retry-After on %s after too many failures', async (_, adapter) => {
    const coatcheck = CoatcheckModule.forRoot({
      type: 'session_auth',
      storage: { database: 'memory:' },
      cookie: { name: 'sid', secure: false },
      users: { passwordCost: 4, throttle: { failuresPerNetwork: 1 } },
    });
    const module = { module: class HostModule {}, imports: [coatcheck], controllers: [DoorController] };
    app = await NestFactory.create(module, adapter(), { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const enter = () =>
      fetch(`http://127.0.0.1:${port}/door`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ login: 'ann@example.com', password: 'wrong' }),
      });
    expect(await (await enter()).json()).toEqual({ outcome: 'unknown_email' });
    const refused = await enter();
    expect([refused.status, await refused.json()]).toEqual([
      429,
      expect.objectContaining({ code: 'too_many_attempts' }),
    ]);
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
  });
});
