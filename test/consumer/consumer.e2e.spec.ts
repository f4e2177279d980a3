import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  All,
  Body,
  ConflictException,
  Controller,
  type DynamicModule,
  Get,
  Global,
  HttpException,
  Injectable,
  type INestApplication,
  Logger,
  Module,
  type ModuleMetadata,
  NotFoundException,
  Post,
  Req,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import {
  ANONYMOUS,
  AuditModule,
  Auth,
  AuthModule,
  type AuthRequest,
  type AuthResult,
  Clock,
  CurrentSession,
  CurrentUser,
  DomainError,
  Fresh,
  MemorySessionStore,
  MemoryUserStore,
  Public,
  ReadsOwnBody,
  Roles,
  type Session,
  SessionExpAuth,
  SessionStore,
  SessionsModule,
  type SessionToken,
  StorageModule,
  TokenCarrier,
  type User,
  UserStore,
  UsersModule,
  UsersService,
  rejected,
} from 'coatcheck';
import { JsonExpressAdapter } from 'coatcheck/express';
import { configureApp, createApp } from 'coatcheck/server';
import { FakeClock, aUser, describeAuth } from 'coatcheck/testing';
import type { Request, Response } from 'express';
import { newDatabase } from '../support/app.js';

const HOUR = 3_600_000;
const PASSWORD = 'correct horse battery';
const cookie = { name: 'sid', secure: false };

/** Keys that are worthless from the moment that the password or standing of their user changes. */
@Injectable()
class KeyService {
  readonly #secret = randomBytes(32);

  constructor(private readonly users: UsersService) {}

  keyOf({ id, credentialVersion }: User): string {
    return `${id}.${createHmac('sha256', this.#secret).update(`${id}.${credentialVersion}`).digest('base64url')}`;
  }

  async userOf(key: string): Promise<User | null> {
    const user = await this.users.find(key.split('.', 1)[0] ?? '');
    return user && isEqual(key, this.keyOf(user)) ? user : null;
  }
}

@Module({ providers: [KeyService], exports: [KeyService] })
class KeysModule {}

@Injectable()
class ApiKeyAuth extends Auth {
  readonly challenges = ['ApiKey'];

  constructor(private readonly keys: KeyService) {
    super();
  }

  async authenticate({ headers }: AuthRequest): Promise<AuthResult> {
    const key = headers['x-api-key'];
    if (typeof key !== 'string') return ANONYMOUS;
    const user = await this.keys.userOf(key);
    return user && !user.disabled
      ? { outcome: 'authenticated', principal: { user, session: null } }
      : rejected();
  }
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

@Controller('coats')
class CoatsController {
  @Get()
  mine(@CurrentUser() user: User, @CurrentSession() session: Session | null) {
    return { owner: user.email, by: session ? 'session' : 'credential' };
  }

  @Get('all')
  @Roles('admin')
  all() {
    return [];
  }

  @Get('open')
  @Public()
  open() {
    return { open: true };
  }

  @Get('mistake')
  @Public()
  mistake(@CurrentUser() user: User) {
    return { user };
  }
}

/** The four modules that an application imports. */
const HOUSE = [
  StorageModule.forRoot({ database: 'memory:' }),
  UsersModule.forRoot({ passwordCost: 4 }),
  SessionsModule.forRoot(),
  AuthModule.forRoot({ type: 'session_auth', cookie }),
];

class Token {
  readonly number = 1;
}

@Controller(['refusals', 'aliases'])
class RefusalsController {
  @Get('refused')
  @Public()
  refused() {
    throw new ConflictException('hunter2');
  }

  @Get('slowed')
  @Public()
  slowed() {
    throw new HttpException('hunter2', 429);
  }

  @Get('missing')
  @Public()
  missing() {
    throw new NotFoundException('hunter2');
  }

  @Get('upstream')
  @Public()
  upstream() {
    throw Object.assign(new Error('hunter2'), { status: 401 });
  }

  @Get('busy')
  @Public()
  busy() {
    throw new DomainError('busy');
  }

  @Get(['any', 'other'])
  @Public()
  any() {
    return {};
  }

  @All('all')
  all() {
    return {};
  }

  @Get('hidden')
  @ApiExcludeEndpoint()
  hidden() {
    return {};
  }

  @Get('token')
  @Public()
  token() {
    return new Token();
  }

  @Post('upload')
  @Public()
  @ReadsOwnBody()
  async upload(@Req() request: Request) {
    return { size: (await buffer(request)).length };
  }

  @Get('rest/*path')
  rest() {
    return {};
  }
}

@Module({
  imports: HOUSE,
  controllers: [RefusalsController],
})
class RefusingModule {}

describe('An application of somebody else', () => {
  const apps: INestApplication[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  async function serve(
    module: Parameters<typeof createApp>[0],
    options: Parameters<typeof createApp>[1] = {},
  ): Promise<{ app: INestApplication; url: string }> {
    const nest = { logger: false, abortOnError: false } as const;
    const app = await createApp(module, { prefix: '/api', ...options }, nest);
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    return { app, url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api` };
  }

  const addUser = (app: INestApplication, email: string, role: 'user' | 'admin' = 'user') =>
    app.get(UsersService).create({ email, password: PASSWORD, firstName: null, lastName: null }, role);

  async function login(url: string, email: string): Promise<Record<string, string>> {
    const response = await fetch(`${url}/auth_session/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: PASSWORD }),
    });
    expect(response.status).toBe(200);
    return { cookie: response.headers.getSetCookie()[0]!.split(';', 1)[0]! };
  }

  const read = async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers });
    // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects to be there
    return { status: response.status, body: (await response.json()) as any };
  };

  @Module({
    imports: HOUSE,
    controllers: [CoatsController],
  })
  class CoatsModule {}

  it('guards its own routes by importing four modules', async () => {
    const { app, url } = await serve(CoatsModule);
    await addUser(app, 'ann@example.com');
    expect(await read(`${url}/coats`)).toMatchObject({ status: 401, body: { code: 'credentials_missing' } });
    expect(await read(`${url}/coats/open`)).toEqual({ status: 200, body: { open: true } });
    const ann = await login(url, 'ann@example.com');
    expect(await read(`${url}/users/me`, ann)).toMatchObject({
      status: 200,
      body: { email: 'ann@example.com' },
    });
    expect(await read(`${url}/coats`, ann)).toEqual({
      status: 200,
      body: { owner: 'ann@example.com', by: 'session' },
    });
  });

  it('asks for roles', async () => {
    const { app, url } = await serve(CoatsModule);
    await addUser(app, 'ann@example.com');
    await addUser(app, 'root@example.com', 'admin');
    const [ann, root] = [await login(url, 'ann@example.com'), await login(url, 'root@example.com')];
    expect((await read(`${url}/coats/all`)).status).toBe(401);
    expect(await read(`${url}/coats/all`, ann)).toMatchObject({
      status: 403,
      body: { code: 'role_required' },
    });
    expect((await read(`${url}/coats/all`, root)).status).toBe(200);
  });

  it('learns at the first use that a public handler may have no user', async () => {
    const { url } = await serve(CoatsModule);
    expect((await read(`${url}/coats/mistake`)).status).toBe(500);
  });

  it('brings a strategy of its own by a class and a word', async () => {
    @Module({
      imports: [
        StorageModule.forRoot({ database: 'memory:' }),
        UsersModule.forRoot({ passwordCost: 4 }),
        SessionsModule.forRoot(),
        AuthModule.forRoot({
          type: ['api_key', 'session_auth'],
          strategies: { api_key: ApiKeyAuth },
          imports: [KeysModule],
          cookie,
        }),
      ],
      controllers: [CoatsController],
    })
    class KeyedModule {}
    const { app, url } = await serve(KeyedModule);
    const user = await addUser(app, 'ann@example.com');
    const byKey = await read(`${url}/coats`, { 'x-api-key': app.get(KeyService).keyOf(user) });
    expect(byKey).toEqual({ status: 200, body: { owner: 'ann@example.com', by: 'credential' } });
    expect((await read(`${url}/coats`, { 'x-api-key': 'wrong' })).status).toBe(401);
    const both = { 'x-api-key': 'wrong', ...(await login(url, 'ann@example.com')) };
    expect((await read(`${url}/coats`, both)).status).toBe(401);
  });

  describe('with a strategy whose tokens travel in a way of their own', () => {
    class NoteCarrier extends TokenCarrier {
      readonly transport = 'bearer';

      read({ headers }: AuthRequest): string | null {
        return headers['x-note'] === undefined ? null : String(headers['x-note']);
      }

      handOut(response: Response, token: SessionToken): null {
        response.setHeader('X-Note', token.reveal());
        return null;
      }

      takeBack(response: Response): void {
        response.setHeader('X-Note', '');
      }
    }

    @Injectable()
    class NoteAuth extends SessionExpAuth {
      override readonly challenges = ['Note'];
      override readonly carrier = new NoteCarrier();
    }

    @Module({
      imports: [...HOUSE.slice(0, 3), AuthModule.forRoot({ type: 'note', strategies: { note: NoteAuth } })],
      controllers: [CoatsController],
    })
    class NoteModule {}

    async function login(url: string, body: object) {
      const response = await fetch(`${url}/auth_session/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'ann@example.com', password: PASSWORD, ...body }),
      });
      const { requestId: _, ...rest } = (await response.json()) as Record<string, unknown>;
      return { ...rest, status: response.status, note: response.headers.get('x-note') };
    }

    it('signs in and out', async () => {
      const { app, url } = await serve(NoteModule);
      await addUser(app, 'ann@example.com');
      const { status, note } = await login(url, {});
      expect(status).toBe(200);
      const headers = { 'x-note': note ?? '' };
      expect(await read(`${url}/coats`, headers)).toMatchObject({ body: { by: 'session' } });
      const left = await fetch(`${url}/auth_session/logout`, { method: 'DELETE', headers });
      expect([left.status, left.headers.get('x-note')]).toEqual([200, '']);
      const refused = await fetch(`${url}/coats`, { headers });
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Note']);
    });

    it('answers the same whatever the password, where it issues nothing', async () => {
      const { app, url } = await serve(NoteModule);
      await addUser(app, 'ann@example.com');
      const right = await login(url, { transport: 'cookie' });
      expect(right).toMatchObject({ status: 400, note: null });
      expect(await login(url, { transport: 'cookie', password: 'another password' })).toEqual(right);
    });
  });

  it('asks for a proof of late on its own routes, and says by which strategies it has been given', async () => {
    const clock = new FakeClock();
    @Injectable()
    class CardAuth extends Auth {
      readonly challenges = ['Card'];

      constructor(private readonly users: UsersService) {
        super();
      }

      async authenticate({ headers }: AuthRequest): Promise<AuthResult> {
        const card = headers['x-card'];
        if (typeof card !== 'string') return ANONYMOUS;
        const [user] = (await this.users.list({ limit: 1 })).users;
        const pin = headers['x-pin'] === '1234' ? ({ isProven: true } as const) : {};
        return user ? { outcome: 'authenticated', principal: { user, session: null, ...pin } } : rejected();
      }
    }
    @Controller('coats')
    class VaultController {
      @Get('vault')
      @Fresh('5m')
      open() {
        return { open: true };
      }

      @Post('vault')
      @Fresh('90', ({ all }) => all === true)
      clear(@Body() { all }: Record<string, unknown>) {
        return { all };
      }
    }
    @Module({
      imports: [
        StorageModule.forRoot({ database: newDatabase() }),
        UsersModule.forRoot({ passwordCost: 4 }),
        SessionsModule.forRoot(),
        AuthModule.forRoot({
          type: ['session_db_auth', 'token_auth', 'card'],
          strategies: { card: CardAuth },
          remembered: { idle: 2 * HOUR, absolute: 3 * HOUR },
          cookie,
        }),
      ],
      controllers: [VaultController],
    })
    class VaultModule {}
    const module = Test.createTestingModule({ imports: [VaultModule] })
      .overrideProvider(Clock)
      .useValue(clock);
    const app = (await module.compile()).createNestApplication(new JsonExpressAdapter(), { logger: false });
    apps.push(app);
    await configureApp(app, { prefix: '/api' }).listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api`;
    await addUser(app, 'ann@example.com');
    const ask = async (method: string, path: string, headers: Record<string, string>, body?: object) => {
      const response = await fetch(url + path, {
        method,
        headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
        body: body && JSON.stringify(body),
      });
      // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects to be there
      const read = (await response.json()) as any;
      return { status: response.status, body: read, cookies: response.headers.getSetCookie() };
    };
    const credentials = { email: 'ann@example.com', password: PASSWORD, remember: true };
    const { cookies } = await ask('POST', '/auth_session/login', {}, credentials);
    expect(cookies[0]).toContain('; Max-Age=10800;');
    const signedIn = await ask('POST', '/auth_session/login', {}, { ...credentials, transport: 'bearer' });
    const tokens: Record<string, string>[] = [
      { cookie: cookies[0]!.split(';', 1)[0]! },
      { authorization: `Bearer ${signedIn.body.token}` },
    ];
    const card = { 'x-card': '1' };
    const cardAndPin = { ...card, 'x-pin': '1234' };
    for (const headers of [...tokens, cardAndPin])
      expect(await ask('GET', '/coats/vault', headers)).toMatchObject({ status: 200, body: { open: true } });
    clock.advance(300_001);
    for (const headers of [...tokens, card])
      expect(await ask('GET', '/coats/vault', headers)).toMatchObject({
        status: 403,
        body: { code: 'session_not_fresh', max_age: 300 },
      });
    expect((await ask('GET', '/coats/vault', cardAndPin)).status).toBe(200);
    expect((await ask('POST', '/coats/vault', tokens[0]!, { all: false })).status).toBe(201);
    expect(await ask('POST', '/coats/vault', tokens[0]!, { all: true })).toMatchObject({
      status: 403,
      body: { max_age: 90 },
    });
    const proof = { password: PASSWORD };
    const again = await ask('POST', '/sessions/current/reauthenticate', tokens[1]!, proof);
    const renewed = { authorization: `Bearer ${again.body.token}` };
    expect((await ask('GET', '/coats/vault', renewed)).status).toBe(200);
    clock.advance(2 * HOUR);
    expect(await ask('GET', '/users/me', renewed)).toMatchObject({ body: { code: 'session_expired_idle' } });
  });

  it.each(['', '0', 'soon', '5 m'])('is told at once of a proof that may be as old as %j', (maxAge) => {
    expect(() => Fresh(maxAge)).toThrow("@Fresh() needs a duration such as '5m'.");
  });

  it('brings stores of its own', async () => {
    @Global()
    @Module({
      providers: [
        { provide: UserStore, useFactory: () => new MemoryUserStore() },
        { provide: SessionStore, useFactory: () => new MemorySessionStore() },
      ],
      exports: [UserStore, SessionStore],
    })
    class OwnStorageModule {}
    @Module({
      imports: [
        OwnStorageModule,
        UsersModule.forRoot({ passwordCost: 4 }),
        SessionsModule.forRoot(),
        AuthModule.forRoot({ type: 'session_exp_auth', cookie }),
      ],
      controllers: [CoatsController],
    })
    class OwnModule {}
    const { app, url } = await serve(OwnModule);
    await addUser(app, 'ann@example.com');
    expect((await read(`${url}/coats`, await login(url, 'ann@example.com'))).status).toBe(200);
    expect((await app.get(SessionStore).sweep(new Date(), 1)).forgotten).toBe(0);
  });

  it.each([
    ['refused', 409, 'request_refused', 'Conflict'],
    ['slowed', 429, 'request_refused', 'Too Many Requests'],
    ['missing', 404, 'not_found', 'Not Found'],
    ['upstream', 500, 'internal_error', 'Internal Server Error'],
  ])('keeps the status of its own refusals: %s is %i', async (path, status, code, title) => {
    const { url } = await serve(RefusingModule);
    const { status: answered, body } = await read(`${url}/refusals/${path}`);
    expect({ answered, ...body }).toMatchObject({ answered: status, status, code, title });
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it.each([
    ['refused', 'log'],
    ['busy', 'warn'],
    ['upstream', 'error'],
  ])('has a refusal logged as what it is: %s', async (path, level) => {
    const { url } = await serve(RefusingModule);
    const levels: string[] = [];
    const note = (at: string) => () => void levels.push(at);
    Logger.overrideLogger({ log: note('log'), warn: note('warn'), error: note('error') });
    await fetch(`${url}/refusals/${path}`);
    Logger.overrideLogger(false);
    expect(levels).toEqual([level]);
  });

  it('describes routes of every shape', async () => {
    const { url } = await serve(RefusingModule);
    const { status, body } = await read(`${url}/openapi.json`);
    expect(status).toBe(200);
    expect(body.paths['/refusals/any'].get.security).toEqual([]);
    expect(body.paths['/aliases/all'].patch.security).toEqual([{ session: [] }]);
    expect(body.paths['/refusals/hidden']).toBeUndefined();
    expect((await fetch(`${url}/nowhere`)).status).toBe(401);
    expect((await fetch(`${url}/aliases/all`)).status).toBe(401);
  });

  it('sends what a class makes as plain JSON, and reads bodies of its own', async () => {
    const { url } = await serve(RefusingModule);
    const response = await fetch(`${url}/refusals/token`);
    expect(response.headers.get('content-type')).toBe('application/json');
    const upload = { method: 'POST', body: 'x'.repeat(100_000), headers: { 'content-type': 'text/plain' } };
    expect(await (await fetch(`${url}/refusals/upload`, upload)).json()).toEqual({ size: 100_000 });
  });

  it('lets no client that is not signed in become its administrator', async () => {
    const { url } = await serve(CoatsModule);
    const body = JSON.stringify({ email: 'mallory@example.com', password: PASSWORD });
    const response = await fetch(`${url}/users`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(401);
  });

  it.each<readonly [options: Parameters<typeof createApp>[1], status: number]>([
    [{}, 403],
    [{ https: false }, 401],
    [{ trustedOrigins: ['http://127.0.0.1'] }, 403],
  ])('under %j answers a page that came by plain HTTP with %i', async (options, status) => {
    const { url } = await serve(CoatsModule, options);
    const headers = { origin: new URL(url).origin };
    for (const path of ['/coats', '/nowhere'])
      expect((await fetch(url + path, { method: 'POST', headers })).status).toBe(status);
  });

  it('is told at the start of an origin that is none', async () => {
    const serving = serve(CoatsModule, { trustedOrigins: ['https://app.example.com/'] });
    await expect(serving).rejects.toThrow('must be origins to the letter');
  });

  it('has its options made by a factory that injects', async () => {
    class Settings {
      readonly realm = 'the cloakroom';
    }
    @Global()
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    @Module({
      imports: [
        SettingsModule,
        StorageModule.forRoot({ database: 'memory:' }),
        UsersModule.forRoot({ passwordCost: 4 }),
        SessionsModule.forRoot(),
        AuthModule.forRootAsync({
          type: 'basic_auth',
          inject: [Settings],
          useFactory: ({ realm }: Settings) => Promise.resolve({ realm, cookie }),
        }),
      ],
      controllers: [CoatsController],
    })
    class AsyncModule {}
    const { url } = await serve(AsyncModule);
    const response = await fetch(`${url}/coats`);
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="the cloakroom", charset="UTF-8"');
    expect((await fetch(`${url}/auth_session/login`, { method: 'POST' })).status).toBe(404);
  });

  it('shares nothing with another one in the same process', async () => {
    const [here, there] = [await serve(CoatsModule), await serve(CoatsModule)];
    await addUser(here.app, 'ann@example.com');
    await addUser(there.app, 'ann@example.com');
    const ann = await login(here.url, 'ann@example.com');
    expect((await read(`${here.url}/coats`, ann)).status).toBe(200);
    expect((await read(`${there.url}/coats`, ann)).status).toBe(401);
    await here.app.close();
    expect((await read(`${there.url}/coats`, await login(there.url, 'ann@example.com'))).status).toBe(200);
  });

  it.each(['magic_auth', '__proto__'])('is told at the start of a strategy that there is not: %s', (type) => {
    expect(() => AuthModule.forRoot({ type })).toThrow(
      'must be one of the following values: basic_auth, session_auth, session_exp_auth, session_db_auth, token_auth',
    );
  });

  it('is told which adapter it has to be made on', async () => {
    const app = await NestFactory.create(CoatsModule, { logger: false });
    apps.push(app);
    expect(() => configureApp(app)).toThrow("made with: await newAdapter('express')");
  });

  describe('that does not call configureApp', () => {
    const withUsersAlone = [HOUSE[0]!, HOUSE[1]!];
    const withTrailAlone = [HOUSE[0]!, AuditModule.forRoot()];
    const moduleWith = (imports: NonNullable<ModuleMetadata['imports']>): DynamicModule => ({
      module: class HostModule {},
      imports,
      controllers: [CoatsController],
    });
    const builders = {
      'NestFactory.create': (imports: NonNullable<ModuleMetadata['imports']>) =>
        NestFactory.create(moduleWith(imports), { logger: false, abortOnError: false }),
      'NestFactory.create on our adapter': (imports: NonNullable<ModuleMetadata['imports']>) =>
        NestFactory.create(moduleWith(imports), new JsonExpressAdapter(), {
          logger: false,
          abortOnError: false,
        }),
      createNestApplication: async (imports: NonNullable<ModuleMetadata['imports']>) =>
        (await Test.createTestingModule({ imports: [moduleWith(imports)] }).compile()).createNestApplication({
          logger: false,
        }),
      'createNestApplication on our adapter': async (imports: NonNullable<ModuleMetadata['imports']>) =>
        (await Test.createTestingModule({ imports: [moduleWith(imports)] }).compile()).createNestApplication(
          new JsonExpressAdapter(),
          { logger: false },
        ),
    };

    it.each(Object.entries(builders))('is guarded all the same: %s', async (_, build) => {
      const app = await build(HOUSE);
      apps.push(app);
      await app.listen(0, '127.0.0.1');
      const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
      await addUser(app, 'ann@example.com');
      const anonymous = await fetch(`${url}/coats`);
      expect(anonymous.status).toBe(401);
      expect(anonymous.headers.get('www-authenticate')).toBe('Session realm="coatcheck"');
      expect(await anonymous.json()).toMatchObject({ code: 'credentials_missing', status: 401 });
      const ann = await login(url, 'ann@example.com');
      expect(await read(`${url}/coats`, ann)).toMatchObject({ status: 200 });
      expect(await read(`${url}/coats/all`, ann)).toMatchObject({
        status: 403,
        body: { code: 'role_required' },
      });
      const send = (method: string, path: string, headers: Record<string, string>, body?: string) =>
        fetch(url + path, { method, headers: { ...ann, ...headers }, body });
      const foreign = await send('DELETE', '/auth_session/logout', { origin: 'https://evil.example' });
      expect(foreign.status).toBe(403);
      expect(foreign.headers.get('content-type')).toBe('application/problem+json');
      expect(await foreign.json()).toMatchObject({ code: 'cross_site_request' });
      const json = { 'content-type': 'application/json' };
      const form = await send('POST', '/auth_session/login', { 'content-type': 'text/plain' }, 'x');
      expect(form.status).toBe(415);
      const empty = await send('POST', '/auth_session/login', json, '{"email":7}');
      expect(await empty.json()).toMatchObject({ status: 400, code: 'validation_failed' });
      const large = await send(
        'POST',
        '/auth_session/login',
        json,
        JSON.stringify({ email: 'x'.repeat(20_000) }),
      );
      expect(large.status).toBe(413);
      expect((await send('DELETE', '/auth_session/logout', {})).status).toBe(200);
      expect((await fetch(`${url}/coats`, { headers: ann })).status).toBe(401);
    });

    it.each([
      ['the users alone', withUsersAlone],
      ['the audit trail alone', withTrailAlone],
    ])('does not start without the guards: %s', async (_, imports) => {
      for (const build of Object.values(builders))
        await expect(build(imports)).rejects.toThrow('There is no AuthModule');
    });

    it('starts where it serves no HTTP', async () => {
      const context = await NestFactory.createApplicationContext(moduleWith(HOUSE), { logger: false });
      expect(await context.get(UsersService).count()).toBe(0);
      await context.close();
      const module = await Test.createTestingModule({ imports: [moduleWith(HOUSE)] }).compile();
      await module.init();
      expect(await module.get(UsersService).count()).toBe(0);
      await module.close();
    });
  });

  it('is refused a durable strategy on a store that forgets', async () => {
    @Module({
      imports: [
        StorageModule.forRoot({ database: 'memory:' }),
        UsersModule.forRoot(),
        SessionsModule.forRoot(),
        AuthModule.forRoot({ type: 'session_db_auth', cookie }),
      ],
    })
    class ForgetfulModule {}
    await expect(serve(ForgetfulModule)).rejects.toThrow(
      'session_db_auth and token_auth need a durable session store',
    );
  });
});

describeAuth('A strategy of somebody else', { remembers: false }, ({ users }) => {
  const keys = new KeyService(users);
  return {
    auth: new ApiKeyAuth(keys),
    headersOf: (user) => ({ 'x-api-key': keys.keyOf(user) }),
    forgeries: ['', 'guess', keys.keyOf(aUser())].map((key) => ({ 'x-api-key': key })),
  };
});
