import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  type CanActivate,
  Controller,
  Get,
  type INestApplication,
  Module,
  Post,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import {
  AuthGuard,
  AuthModule,
  Clock,
  CurrentUser,
  Fresh,
  MemorySessionStore,
  OptionalAuth,
  Public,
  Roles,
  SessionStore,
  SessionsModule,
  StorageModule,
  StoreUnavailableError,
  type User,
  UsersModule,
  UsersService,
} from 'coatcheck';
import { FakeClock } from 'coatcheck/testing';
import { ADAPTERS } from '../support/adapters.js';

const PASSWORD = 'correct horse battery';
const JSON_TYPE = { 'content-type': 'application/json' };
const CHALLENGE = 'Session realm="coatcheck"';
const auth = { type: 'session_auth', cookie: { name: 'sid', secure: false } } as const;

const OTHER_MODULES = [
  StorageModule.forRoot({ database: 'memory:' }),
  UsersModule.forRoot({ passwordCost: 4 }),
  SessionsModule.forRoot(),
];

@Controller('orders')
class OrdersController {
  @Get()
  list() {
    return [];
  }

  @Post()
  create(@Body() body: unknown) {
    return { body };
  }

  @Get('all')
  @Roles('admin')
  all() {
    return [];
  }

  @Get('secret')
  @Fresh('5m')
  secret() {
    return {};
  }

  @Post('webhook')
  @Public()
  webhook(@Body() body: unknown) {
    return { body };
  }

  @Get('greeting')
  @OptionalAuth()
  greeting(@CurrentUser() user: User | null) {
    return { user: user?.email ?? null };
  }
}

@Module({ imports: [...OTHER_MODULES, AuthModule.forRoot(auth)], controllers: [OrdersController] })
class AppModule {}

@Controller('named')
class NamedController {
  @Get()
  @UseGuards(AuthGuard)
  guarded(@CurrentUser() user: User | null) {
    return { user: user?.email ?? null };
  }

  @Get('open')
  open() {
    return { open: true };
  }
}
@Module({
  imports: [...OTHER_MODULES, AuthModule.forRoot({ ...auth, global: false })],
  controllers: [NamedController],
})
class NamedModule {}

/** A store whose database can be cut off. */
class DistantSessionStore extends MemorySessionStore {
  isReachable = true;

  override async stateOf(...args: Parameters<MemorySessionStore['stateOf']>) {
    if (!this.isReachable) throw new StoreUnavailableError();
    return super.stateOf(...args);
  }
}

describe.each(ADAPTERS)('An application on %s that only imports the modules', (_, Adapter) => {
  const apps: INestApplication[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  /** Initialises an application and has its server listen by itself, as `supertest` does. */
  async function serve(app: INestApplication): Promise<string> {
    apps.push(app);
    await app.init();
    await app.getHttpAdapter().getInstance().ready?.();
    const server = app.getHttpServer() as Server;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const users = app.get(UsersService);
    const [firstName, lastName] = [null, null];
    await users.create({ email: 'ann@example.com', password: PASSWORD, firstName, lastName }, 'user');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function testing(
    change: (builder: TestingModuleBuilder) => TestingModuleBuilder = (builder) => builder,
    module: Type = AppModule,
  ): Promise<INestApplication> {
    const compiled = await change(Test.createTestingModule({ imports: [module] })).compile();
    return compiled.createNestApplication(new Adapter(), { logger: false });
  }

  const ask = async (
    url: string,
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ) => {
    const response = await fetch(url + path, { method, headers, body });
    const text = await response.text();
    return {
      status: response.status,
      code: text === '' ? undefined : (JSON.parse(text) as { code?: string }).code,
      challenge: response.headers.get('www-authenticate'),
      retryAfter: response.headers.get('retry-after'),
      cookie: response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '',
      text,
    };
  };

  const login = (url: string, headers: Record<string, string> = {}) => {
    const credentials = JSON.stringify({ email: 'ann@example.com', password: PASSWORD });
    return ask(url, 'POST', '/auth_session/login', { ...JSON_TYPE, ...headers }, credentials);
  };

  const builders = {
    'NestFactory.create(AppModule)': () =>
      NestFactory.create(AppModule, new Adapter(), { logger: false, abortOnError: false }),
    'Test.createTestingModule(…).createNestApplication()': () => testing(),
  };

  it('logs why it refused a request of another site, once, also on its own routes', async () => {
    const entries: unknown[] = [];
    const ignore = () => {};
    const logger = { log: (entry: unknown) => void entries.push(entry), warn: ignore, error: ignore };
    const url = await serve(await NestFactory.create(AppModule, new Adapter(), { logger }));
    const { cookie } = await login(url);
    const origin = 'https://evil.example';
    await ask(url, 'POST', '/orders', { cookie, origin });
    await ask(url, 'PATCH', '/users/me', { cookie, origin });
    const explained = entries.filter((entry) => typeof entry === 'object' && 'explanation' in entry!);
    expect(explained).toEqual([
      expect.objectContaining({ code: 'cross_site_request', route: 'POST /orders', origin }),
      expect.objectContaining({ code: 'cross_site_request', route: '/users/me', origin }),
    ]);
  });

  describe.each(Object.entries(builders))('by %s', (_, build) => {
    it('refuses requests without a credential with a challenge, and leaves public routes open', async () => {
      const url = await serve(await build());
      for (const [method, path] of [
        ['GET', '/orders'],
        ['POST', '/orders'],
        ['GET', '/orders/all'],
        ['GET', '/orders/secret'],
        ['GET', '/users/me'],
        ['DELETE', '/auth_session/logout'],
      ] as const)
        expect([path, await ask(url, method, path)]).toEqual([
          path,
          expect.objectContaining({ status: 401, code: 'credentials_missing', challenge: CHALLENGE }),
        ]);
      expect((await ask(url, 'GET', '/orders', { cookie: 'sid=wrong' })).code).toBe('credentials_invalid');
      expect((await ask(url, 'POST', '/orders/webhook', JSON_TYPE, '{"a":1}')).text).toBe('{"body":{"a":1}}');
      expect((await ask(url, 'GET', '/orders/greeting')).text).toBe('{"user":null}');
    });

    it('refuses a user without the role, and requests of another site', async () => {
      const url = await serve(await build());
      const { cookie } = await login(url);
      expect((await ask(url, 'GET', '/orders', { cookie })).status).toBe(200);
      expect(await ask(url, 'GET', '/orders/all', { cookie })).toMatchObject({
        status: 403,
        code: 'role_required',
      });
      const elsewhere = { origin: 'https://evil.example' };
      const crossSite = { status: 403, code: 'cross_site_request' };
      expect(await ask(url, 'POST', '/orders', { cookie, ...elsewhere })).toMatchObject(crossSite);
      expect(await ask(url, 'PATCH', '/users/me', { cookie, ...elsewhere })).toMatchObject(crossSite);
      expect(await login(url, elsewhere)).toMatchObject({ ...crossSite, cookie: '' });
      expect((await ask(url, 'POST', '/orders', { cookie })).status).toBe(201);
    });

    it('checks the bodies of our routes', async () => {
      const url = await serve(await build());
      const send = (body: string, type = 'application/json') =>
        ask(url, 'POST', '/auth_session/login', { 'content-type': type }, body);
      expect(await send('{"email":7}')).toMatchObject({ status: 400, code: 'validation_failed' });
      expect(await send('[]')).toMatchObject({ status: 400, code: 'malformed_json' });
      expect(await send('{}', 'text/plain')).toMatchObject({ status: 415, code: 'unsupported_media_type' });
      expect(await send(JSON.stringify({ email: 'x'.repeat(20_000) }))).toMatchObject({
        status: 413,
        code: 'body_too_large',
      });
      expect((await ask(url, 'POST', '/auth_session/login')).status).toBe(400);
    });
  });

  it('asks for a recent proof where a route wants one', async () => {
    const clock = new FakeClock();
    const url = await serve(await testing((builder) => builder.overrideProvider(Clock).useValue(clock)));
    const { cookie } = await login(url);
    expect((await ask(url, 'GET', '/orders/secret', { cookie })).status).toBe(200);
    clock.advance(300_001);
    expect(await ask(url, 'GET', '/orders/secret', { cookie })).toMatchObject({
      status: 403,
      code: 'session_not_fresh',
    });
    expect(await ask(url, 'DELETE', '/users/me', { cookie })).toMatchObject({
      status: 403,
      code: 'session_not_fresh',
    });
  });

  it('says that it cannot tell while the store does not answer', async () => {
    const store = new DistantSessionStore();
    const url = await serve(
      await testing((builder) => builder.overrideProvider(SessionStore).useValue(store)),
    );
    const { cookie } = await login(url);
    expect((await ask(url, 'GET', '/orders', { cookie })).status).toBe(200);
    store.isReachable = false;
    const unavailable = { status: 503, code: 'store_unavailable', retryAfter: '1' };
    for (const path of ['/orders', '/orders/greeting', '/users/me'])
      expect([path, await ask(url, 'GET', path, { cookie })]).toEqual([
        path,
        expect.objectContaining(unavailable),
      ]);
    expect(await login(url, { cookie })).toMatchObject(unavailable);
    expect((await ask(url, 'POST', '/orders/webhook', { cookie })).status).toBe(201);
  });

  it('guards what it names by @UseGuards(AuthGuard) where the guards are not global', async () => {
    const url = await serve(
      await NestFactory.create(NamedModule, new Adapter(), { logger: false, abortOnError: false }),
    );
    expect((await ask(url, 'GET', '/named/open')).status).toBe(200);
    const anonymous = { status: 401, code: 'credentials_missing', challenge: CHALLENGE };
    expect(await ask(url, 'GET', '/named')).toMatchObject(anonymous);
    expect(await ask(url, 'GET', '/users/me')).toMatchObject(anonymous);
    const { cookie } = await login(url);
    expect((await ask(url, 'GET', '/named', { cookie })).text).toBe('{"user":"ann@example.com"}');
  });

  it('has a global guard replaced in tests by overrideProvider', async () => {
    const guard: CanActivate = { canActivate: () => true };
    const url = await serve(await testing((builder) => builder.overrideProvider(AuthGuard).useValue(guard)));
    expect((await ask(url, 'GET', '/orders')).status).toBe(200);
    expect((await ask(url, 'POST', '/orders', JSON_TYPE, '{"a":1}')).text).toBe('{"body":{"a":1}}');
    expect((await ask(url, 'GET', '/orders/all')).code).toBe('role_required');
  });

  it('has a guard that it names replaced in tests by overrideGuard', async () => {
    const guard: CanActivate = { canActivate: () => true };
    const app = await testing((builder) => builder.overrideGuard(AuthGuard).useValue(guard), NamedModule);
    const url = await serve(app);
    expect((await ask(url, 'GET', '/named')).text).toBe('{"user":null}');
  });

  it('describes its own routes alone, where it describes them', async () => {
    const app = await testing();
    await serve(app);
    const { paths, components } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    expect(Object.keys(paths).filter((path) => !path.startsWith('/orders'))).toEqual([]);
    expect(components?.schemas).toEqual({});
  });
});
