import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  type DynamicModule,
  Get,
  Global,
  type INestApplication,
  Injectable,
  Module,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  AuditStore,
  AuditTrail,
  Auth,
  AuthGuard,
  BasicAuth,
  CoatcheckModule,
  CoatcheckOptions,
  MemoryAuditStore,
  MemorySessionStore,
  MemoryUserStore,
  OptionsError,
  ResetTokenStore,
  SessionStore,
  ThrottleStore,
  UserStore,
  UsersOptions,
  UsersService,
  AuditModule,
  AuthModule,
  SessionsModule,
  StorageModule,
  UsersModule,
} from 'coatcheck';

type Imports = (Type | DynamicModule)[];

const PASSWORD = 'correct horse battery';
const cookie = { name: 'sid', secure: false };
const memory = { storage: { database: 'memory:' }, users: { passwordCost: 4 }, cookie } as const;

@Controller('coats')
class CoatsController {
  @Get()
  all() {
    return { all: true };
  }
}

@Controller('guarded')
@UseGuards(AuthGuard)
class GuardedController {
  @Get()
  all() {
    return { all: true };
  }
}

const apps: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const hostOf = (imports: Imports, controllers: Type[] = [CoatsController]): DynamicModule => ({
  module: class HostModule {},
  imports,
  controllers,
});

/** Both ways in which an application is made. */
const BUILDERS: Readonly<
  Record<string, (imports: Imports, controllers?: Type[]) => Promise<INestApplication>>
> = {
  'NestFactory.create': (imports, controllers) =>
    NestFactory.create(hostOf(imports, controllers), { logger: false, abortOnError: false }),
  'Test.createTestingModule': async (imports, controllers) =>
    (
      await Test.createTestingModule({ imports: [hostOf(imports, controllers)] }).compile()
    ).createNestApplication({
      logger: false,
    }),
};

async function start(build: (typeof BUILDERS)[string], imports: Imports, controllers?: Type[]) {
  const app = await build(imports, controllers);
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const statusOf = async (path: string, init: RequestInit = {}) => (await fetch(url + path, init)).status;
  return { app, url, statusOf };
}

async function signIn(app: INestApplication, url: string): Promise<Record<string, string>> {
  const email = 'ann@example.com';
  await app.get(UsersService).create({ email, password: PASSWORD, firstName: null, lastName: null }, 'admin');
  const response = await fetch(`${url}/auth_session/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  expect(response.status).toBe(200);
  return { cookie: response.headers.getSetCookie()[0]!.split(';', 1)[0]! };
}

describe.each(Object.entries(BUILDERS))('CoatcheckModule in an application of %s', (_, build) => {
  const type = 'session_auth';

  it('composes all modules', async () => {
    const { app, url, statusOf } = await start(build, [CoatcheckModule.forRoot({ type, ...memory })]);
    expect(await statusOf('/coats')).toBe(401);
    const headers = await signIn(app, url);
    for (const path of ['/coats', '/users/me', '/sessions', '/audit'])
      expect([path, await statusOf(path, { headers })]).toEqual([path, 200]);
  });

  it('has its options made once, by a factory that injects', async () => {
    let calls = 0;
    @Injectable()
    class Settings {
      readonly realm = 'the cloakroom';
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    @Injectable()
    class OwnAuth extends BasicAuth {
      readonly settings: Settings;
      constructor(users: UsersService, options: CoatcheckOptions, settings: Settings) {
        super(users, options.auth);
        this.settings = settings;
      }
    }
    const { app, url, statusOf } = await start(build, [
      CoatcheckModule.forRootAsync({
        type: 'session_auth, own',
        strategies: { own: OwnAuth },
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async ({ realm }: Settings) => {
          calls += 1;
          return Promise.resolve({
            ...memory,
            users: { passwordCost: 5, registration: 'open' as const, throttle: { failuresPerNetwork: 7 } },
            realm,
          });
        },
      }),
    ]);
    expect(calls).toBe(1);
    expect(await statusOf('/coats')).toBe(401);
    expect(app.get(Auth).challenges).toContain('Session realm="the cloakroom"');
    expect(app.get(UsersOptions)).toMatchObject({
      registration: 'open',
      throttle: { failuresPerNetwork: 7 },
    });
    const headers = await signIn(app, url);
    const { passwordHash } = (await app.get(UserStore).findCredential('ann@example.com'))!;
    expect(passwordHash).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=5\$/);
    for (const path of ['/coats', '/users/me', '/sessions', '/audit'])
      expect([path, await statusOf(path, { headers })]).toEqual([path, 200]);
  });

  it.each<[string, DynamicModule]>([
    [
      'forRoot',
      CoatcheckModule.forRoot({ type, ...memory, global: false, routes: { users: false, audit: false } }),
    ],
    [
      'forRootAsync',
      CoatcheckModule.forRootAsync({
        type,
        global: false,
        routes: { users: false, audit: false },
        useFactory: () => memory,
      }),
    ],
  ])('leaves out routes and the guard where told to: %s', async (_, module) => {
    const { app, url, statusOf } = await start(build, [module], [CoatsController, GuardedController]);
    expect(await statusOf('/coats')).toBe(200);
    expect(await statusOf('/guarded')).toBe(401);
    const headers = await signIn(app, url);
    expect(await statusOf('/guarded', { headers })).toBe(200);
    expect(await statusOf('/sessions', { headers })).toBe(200);
    for (const path of ['/users/me', '/audit']) expect(await statusOf(path, { headers })).toBe(404);
  });

  it('leaves out all routes where told to', async () => {
    const { statusOf } = await start(build, [CoatcheckModule.forRoot({ type, ...memory, routes: false })]);
    for (const path of ['/users/me', '/audit', '/sessions']) expect(await statusOf(path)).toBe(404);
    expect(await statusOf('/coats')).toBe(401);
  });

  it('leaves out the audit trail where told to', async () => {
    for (const module of [
      CoatcheckModule.forRoot({ type, ...memory, audit: false }),
      CoatcheckModule.forRootAsync({ type, audit: false, useFactory: () => memory }),
    ]) {
      const { app, statusOf } = await start(build, [module]);
      expect(await statusOf('/audit')).toBe(404);
      expect(() => app.get(AuditTrail)).toThrow();
    }
  });

  @Global()
  @Module({
    providers: [
      { provide: UserStore, useFactory: () => new MemoryUserStore() },
      { provide: SessionStore, useFactory: () => new MemorySessionStore() },
      { provide: AuditStore, useFactory: () => new MemoryAuditStore() },
    ],
    exports: [UserStore, SessionStore, AuditStore],
  })
  class OwnStoresModule {}

  const own = { type, ...memory, storage: false } as const;
  it.each<[string, Imports]>([
    ['before it', [OwnStoresModule, CoatcheckModule.forRoot(own)]],
    ['after it', [CoatcheckModule.forRoot(own), OwnStoresModule]],
    [
      'after it, with a factory',
      [
        CoatcheckModule.forRootAsync({
          type,
          storage: false,
          useFactory: () => ({ ...memory, storage: false }),
        }),
        OwnStoresModule,
      ],
    ],
  ])('takes the stores of the application, imported %s', async (_, imports) => {
    const { app, url, statusOf } = await start(build, imports);
    const headers = await signIn(app, url);
    expect(await statusOf('/coats', { headers })).toBe(200);
    expect(await statusOf('/audit', { headers })).toBe(200);
    expect(await app.get(UserStore).count()).toBe(1);
    expect(app.get(UserStore)).toBeInstanceOf(MemoryUserStore);
  });

  it.each<[string, object]>([
    ['storage', { storage: false }],
    ['audit', { audit: false }],
  ])('refuses %s: false from the factory', async (name, made) => {
    const module = CoatcheckModule.forRootAsync({ type, useFactory: () => ({ ...memory, ...made }) });
    await expect(start(build, [module])).rejects.toThrow(`${name}: give `);
  });
});

describe.each(Object.entries(BUILDERS))('An application of %s', (_, build) => {
  const sessionsAndUsers = [SessionsModule.forRoot(), UsersModule.forRoot({ passwordCost: 4 })];
  const storage = StorageModule.forRoot({ database: 'memory:' });
  const auth = AuthModule.forRoot({ type: 'session_auth', cookie });

  const storeModule = (store: Type, factory: () => object): DynamicModule => ({
    module: class OwnStoreModule {},
    providers: [{ provide: store, useFactory: factory }],
    exports: [store],
    global: true,
  });
  const ownUsers = storeModule(UserStore as unknown as Type, () => new MemoryUserStore());
  const ownSessions = storeModule(SessionStore as unknown as Type, () => new MemorySessionStore());

  it.each<[string, Imports, string[]]>([
    [
      'two user stores',
      [storage, ...sessionsAndUsers, auth, ownUsers],
      [
        'There are 2 providers of UserStore',
        'StorageModule',
        'OwnStoreModule',
        "StorageModule.forRoot({ without: ['users'] })",
      ],
    ],
    [
      'two user stores, in another order',
      [ownUsers, storage, ...sessionsAndUsers, auth],
      ['There are 2 providers of UserStore'],
    ],
    [
      'two session stores',
      [storage, ownSessions, ...sessionsAndUsers, auth],
      ['There are 2 providers of SessionStore'],
    ],
    [
      'two session stores, in another order',
      [auth, ...sessionsAndUsers, ownSessions, storage],
      ['There are 2 providers of SessionStore'],
    ],
    [
      'StorageModule twice',
      [storage, StorageModule.forRoot({ database: 'memory:', timeout: 600 }), ...sessionsAndUsers, auth],
      ['There are 2 providers of UserStore'],
    ],
    ['sessions without a store', [ownUsers, ...sessionsAndUsers, auth], ['SessionStore']],
    ['users without a store', [UsersModule.forRoot()], ['UserStore', 'UsersModule']],
    ['an audit trail without a store', [AuditModule.forRoot()], ['AuditStore', 'AuditModule']],
    ['AuthModule without users', [storage, SessionsModule.forRoot(), auth], ['UsersService', 'AuthModule']],
    [
      'AuthModule without sessions',
      [auth, UsersModule.forRoot(), storage],
      ['SessionsService', 'AuthModule'],
    ],
  ])('does not start with %s, and names what is wrong', async (_, imports, texts) => {
    const message = await build(imports).then(
      () => 'It starts.',
      (error: Error) => error.message,
    );
    for (const text of texts) expect(message).toContain(text);
  });

  const withoutUsers = { database: 'memory:', without: ['users'] } as const;
  const given = { type: 'session_auth', ...memory, storage: withoutUsers } as const;
  const { without, ...made } = withoutUsers;
  it.each<[string, Imports]>([
    [
      'StorageModule.forRoot',
      [StorageModule.forRoot(withoutUsers), AuditModule.forRoot(), ...sessionsAndUsers, auth],
    ],
    [
      'StorageModule.forRootAsync',
      [
        StorageModule.forRootAsync({ without, useFactory: () => made }),
        AuditModule.forRoot(),
        ...sessionsAndUsers,
        auth,
      ],
    ],
    ['CoatcheckModule.forRoot', [CoatcheckModule.forRoot(given)]],
    [
      'CoatcheckModule.forRootAsync',
      [
        CoatcheckModule.forRootAsync({
          type: 'session_auth',
          storage: { without },
          useFactory: () => ({ ...memory, storage: made }),
        }),
      ],
    ],
  ])('has a UserStore of its own beside our other stores, imported first or last: %s', async (_, imports) => {
    for (const all of [
      [ownUsers, ...imports],
      [...imports, ownUsers],
    ]) {
      const { app, url, statusOf } = await start(build, all);
      expect(await statusOf('/coats')).toBe(401);
      const headers = await signIn(app, url);
      for (const path of ['/coats', '/users/me', '/sessions', '/audit'])
        expect([path, await statusOf(path, { headers })]).toEqual([path, 200]);
      expect(await app.get(UserStore).count()).toBe(1);
    }
  });

  const STORES = [
    ['users', UserStore],
    ['sessions', SessionStore],
    ['audit', AuditStore],
    ['throttle', ThrottleStore],
    ['reset_tokens', ResetTokenStore],
  ] as const;

  it.each(STORES)('leaves out one store and no other: %s', async (left, _) => {
    const app = await build([StorageModule.forRoot({ database: 'memory:', without: [left] })]);
    apps.push(app);
    for (const [name, store] of STORES) {
      const look = () => app.get<object>(store);
      if (name === left) expect(look).toThrow();
      else expect(look()).toBeInstanceOf(Object);
    }
  });

  it('refuses `without` from a factory', async () => {
    const factories = [
      StorageModule.forRootAsync({ useFactory: () => withoutUsers }),
      CoatcheckModule.forRootAsync({ type: 'session_auth', useFactory: () => given }),
    ];
    for (const module of factories)
      await expect(build([module])).rejects.toThrow('without: give it beside useFactory');
  });

  it.each<[string, Imports]>([
    ['first', [ownUsers, ownSessions, ...sessionsAndUsers, auth]],
    ['last', [auth, ...sessionsAndUsers, ownSessions, ownUsers]],
    [
      'between',
      [auth, ownUsers, UsersModule.forRoot({ passwordCost: 4 }), ownSessions, SessionsModule.forRoot()],
    ],
  ])('starts with stores of its own that are imported %s', async (_, imports) => {
    const { app, url, statusOf } = await start(build, imports);
    expect(await statusOf('/coats', { headers: await signIn(app, url) })).toBe(200);
  });
});

describe('The options of CoatcheckModule', () => {
  const faultsOf = (given: object): readonly string[] => {
    try {
      expect(new CoatcheckOptions(given)).toBeNull();
    } catch (error) {
      if (error instanceof OptionsError) return error.faults;
    }
    throw new Error('They are accepted.');
  };

  it('tell all faults of all modules at once', () => {
    expect(
      faultsOf({
        type: [],
        usres: {},
        global: 1,
        users: { passwordMinLength: NaN, passwordPeper: 'x' },
        sessions: { limit: { max: 0, policy: 'refuse' } },
        storage: { database: 'mysql://host' },
        audit: { retention: -1 },
        routes: { users: 1, all: true },
      }).map((fault) => fault.split(': ', 1)[0]),
    ).toEqual([
      'usres',
      'routes.users',
      'routes.all',
      'type',
      'global',
      'users.passwordMinLength',
      'users.passwordPeper',
      'sessions.limit.max',
      'storage.database',
      'audit.retention',
    ]);
    expect(faultsOf({ usres: {} })).toEqual(['usres: unknown; did you mean users?']);
  });

  it('are objects', () => {
    for (const given of [null, 1, []])
      expect(faultsOf(given as object)).toEqual(['the options must be an object']);
    expect(faultsOf({ users: null, sessions: 1, storage: true, audit: [], routes: 'x' })).toEqual(
      ['routes', 'users', 'sessions', 'storage', 'audit'].map((name) => `${name}: must be an object`),
    );
  });
});
