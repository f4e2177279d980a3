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
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import {
  AuditStore,
  AuditTrail,
  Auth,
  AuthGuard,
  BasicAuth,
  CoatcheckModule,
  CoatcheckOptions,
  EmailService,
  FreshGuard,
  MailModule,
  MemoryAuditStore,
  MemorySessionStore,
  MemoryUserStore,
  OptionsError,
  CredentialStore,
  TokenStore,
  OutboxStore,
  RolesGuard,
  SessionStore,
  ThrottleStore,
  UserStore,
  UsersOptions,
  PasswordsService,
  UsersService,
  AuditModule,
  AuthModule,
  SessionsModule,
  StorageModule,
  type StorageOptions,
  UsersModule,
} from 'coatcheck';
import { AlxModule } from 'coatcheck/alx';
import { MemoryMailer } from 'coatcheck/testing';
import { Connections } from '../../src/storage/connections.js';
import { newDatabase } from '../support/app.js';

type Imports = (Type | DynamicModule)[];

const PASSWORD = 'correct horse battery';
const cookie = { name: 'sid', secure: false };
const mail = {
  mailer: MemoryMailer,
  from: 'Example <no-reply@example.com>',
  publicUrl: 'https://app.example.com',
} as const;
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
      constructor(passwords: PasswordsService, options: CoatcheckOptions, settings: Settings) {
        super(passwords, options.auth);
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

  const MAIL_ROUTES = [
    '/password/forgot',
    '/email/verification',
    '/email/verify',
    '/email/confirm',
    '/email/cancel',
    '/invitations',
  ];
  const post = (body: object, headers = {}): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

  const open = { ...memory, users: { passwordCost: 4, registration: 'open' } } as const;
  it.each<[string, DynamicModule]>([
    ['forRoot', CoatcheckModule.forRoot({ type, ...open })],
    ['forRoot with mail: false', CoatcheckModule.forRoot({ type, ...open, mail: false })],
    ['forRootAsync', CoatcheckModule.forRootAsync({ type, useFactory: () => open })],
  ])('answers as before where no mails are sent: %s', async (_, module) => {
    const { app, url, statusOf } = await start(build, [module]);
    const headers = await signIn(app, url);
    const email = 'lee@example.com';
    for (const path of MAIL_ROUTES)
      expect([path, await statusOf(path, post({ email, token: 'x' }, headers))]).toEqual([path, 404]);
    const statuses: number[] = [];
    for (let count = 0; count < 2; count += 1)
      statuses.push(await statusOf('/users', post({ email, password: PASSWORD })));
    expect(statuses).toEqual([201, 409]);
    const changed = await fetch(`${url}/users/me`, {
      ...post({ email: 'new@example.com' }, headers),
      method: 'PATCH',
    });
    const user = (await changed.json()) as object;
    expect(user).toMatchObject({ email: 'new@example.com' });
    expect(user).not.toHaveProperty('pending_email');
  });

  it.each<[string, DynamicModule]>([
    ['forRoot', CoatcheckModule.forRoot({ type, ...memory, mail })],
    [
      'forRootAsync',
      CoatcheckModule.forRootAsync({ type, mail: true, useFactory: () => ({ ...memory, mail }) }),
    ],
  ])('serves the flows by e-mail where mails are sent: %s', async (_, module) => {
    const { app, url, statusOf } = await start(build, [module]);
    const headers = await signIn(app, url);
    const statuses: number[] = [];
    for (const path of MAIL_ROUTES)
      statuses.push(
        await statusOf(
          path,
          post({ [/forgot|verification|invi/.test(path) ? 'email' : 'token']: 'lee@example.com' }, headers),
        ),
      );
    expect(statuses).toEqual([202, 202, 400, 400, 400, 201]);
  });

  it.each<[string, DynamicModule]>([
    ['forRoot', CoatcheckModule.forRoot({ type, ...memory, mail, routes: { users: false } })],
    [
      'forRootAsync',
      CoatcheckModule.forRootAsync({
        type,
        mail: true,
        routes: { users: false },
        useFactory: () => ({ ...memory, mail }),
      }),
    ],
  ])('serves no flow by e-mail without the routes of users: %s', async (_, module) => {
    const { app, statusOf } = await start(build, [module]);
    expect(app.get(EmailService)).toBeInstanceOf(EmailService);
    for (const path of MAIL_ROUTES) expect([path, await statusOf(path, post({}))]).toEqual([path, 404]);
  });

  it.each<[string, boolean | undefined, object | false | undefined]>([
    ['which returns options of mails, without mail: true', undefined, mail],
    ['which returns options of mails, with mail: false', false, mail],
    ['which returns none, with mail: true', true, undefined],
    ['which returns false, with mail: true', true, false],
  ])('refuses a factory %s', async (_, beside, made) => {
    const module = CoatcheckModule.forRootAsync({
      type,
      mail: beside,
      useFactory: () => ({ ...memory, mail: made as typeof mail }),
    });
    await expect(start(build, [module])).rejects.toThrow(
      `mail: give ${String(made === mail)} beside useFactory, as it decides which modules there are`,
    );
  });

  it('tells all faults of the options of mails, also of those that are missing', async () => {
    const wrong = { from: 'nobody', delay: -1, links: { reset: 'x' }, mailServer: 'smtp://localhost' };
    const faults = [
      'mail.mailer: must be a Mailer',
      'mail.from: must be an address',
      'mail.publicUrl: must be an http',
      'mail.delay: must not be less than 0',
      'mail.links.reset: must be an http',
      'mail.mailServer: unknown; there are mailer',
    ];
    const given = { type, ...memory, mail: wrong as never } as const;
    const error = await start(build, [
      CoatcheckModule.forRootAsync({ type, mail: true, useFactory: () => given }),
    ]).then(
      () => null,
      (cause: Error) => cause,
    );
    for (const fault of faults) {
      expect(() => CoatcheckModule.forRoot(given)).toThrow(fault);
      expect(error?.message).toContain(fault);
    }
    for (const none of [null, true, 'smtp://localhost', []] as never[])
      expect(() => CoatcheckModule.forRoot({ type, ...memory, mail: none })).toThrow(
        'mail: must be an object',
      );
    expect(() =>
      CoatcheckModule.forRootAsync({ type, mail: mail as never, useFactory: () => memory }),
    ).toThrow('mail: let useFactory return it');
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
  ])('does not start with %s, and names what is wrong', async (_, imports, texts) => {
    const message = await build(imports).then(
      () => 'It starts.',
      (error: Error) => error.message,
    );
    for (const text of texts) expect(message).toContain(text);
  });

  const users = UsersModule.forRoot({ passwordCost: 4 });
  const sessions = SessionsModule.forRoot();
  const audit = AuditModule.forRoot();
  const mails = MailModule.forRoot({ ...mail, routes: false });
  const without = (...names: StorageOptions['without']) =>
    StorageModule.forRoot({ database: 'memory:', without: names });
  const noStore = (store: string, owner: string) =>
    `There is no ${store} for ${owner}. Import StorageModule.forRoot({ … }) that does not leave it out by without, ` +
    'or export one of your own from a global module.';
  const noModule = (module: string, owner: string) =>
    `There is no ${module} for ${owner}. Import ${module}.forRoot({ … }), or CoatcheckModule.forRoot({ … }) for all modules.`;
  const unguarded = (module: string) =>
    noModule('AuthModule', `the routes of ${module} (routes: false serves none)`);
  const basic = { type: 'basic_auth', cookie } as const;
  const ofType = (given: object) => AuthModule.forRoot({ type: 'session_auth', cookie, ...given });

  it.each<[string, Imports, string[]]>([
    ['SessionsModule alone', [sessions], [noStore('SessionStore', 'SessionsModule')]],
    [
      'sessions whose store is left out',
      [without('sessions'), sessions, users, auth],
      [noStore('SessionStore', 'SessionsModule')],
    ],
    [
      'sessions whose store stands in a module that is not global',
      [without('sessions'), { ...ownSessions, global: false }, sessions, users, auth],
      [noStore('SessionStore', 'SessionsModule')],
    ],
    [
      'users whose store is left out',
      [without('users'), sessions, users, auth],
      [noStore('UserStore', 'UsersModule')],
    ],
    ['UsersModule alone', [UsersModule.forRoot({ routes: false })], [noStore('UserStore', 'UsersModule')]],
    [
      'an audit trail whose store is left out',
      [without('audit'), audit, sessions, users, auth],
      [noStore('AuditStore', 'AuditModule')],
    ],
    ['AuditModule alone', [AuditModule.forRoot({ routes: false })], [noStore('AuditStore', 'AuditModule')]],
    [
      'CoatcheckModule whose stores are left out',
      [
        CoatcheckModule.forRoot({
          ...memory,
          type: 'session_auth',
          storage: { database: 'memory:', without: ['sessions'] },
        }),
      ],
      [noStore('SessionStore', 'SessionsModule')],
    ],
    [
      'CoatcheckModule whose stores are left out, made by a factory',
      [
        CoatcheckModule.forRootAsync({
          type: 'session_auth',
          storage: { without: ['users'] },
          useFactory: () => ({ ...memory, storage: { database: 'memory:' } }),
        }),
      ],
      [noStore('UserStore', 'UsersModule')],
    ],
    [
      'AlxModule without sessions',
      [storage, AlxModule.forRoot({ auth: { type: 'session_auth', cookie }, users: { passwordCost: 4 } })],
      [noModule('SessionsModule', 'AuthModule')],
    ],
    [
      'AuthModule alone',
      [auth],
      [
        noStore('UserStore', 'AuthModule'),
        noStore('SessionStore', 'AuthModule'),
        noModule('UsersModule', 'AuthModule'),
        noModule('SessionsModule', 'AuthModule'),
      ],
    ],
    [
      'AuthModule and storage',
      [storage, auth],
      [noModule('UsersModule', 'AuthModule'), noModule('SessionsModule', 'AuthModule')],
    ],
    ['AuthModule without users', [storage, sessions, auth], [noModule('UsersModule', 'AuthModule')]],
    ['AuthModule without sessions', [storage, users, auth], [noModule('SessionsModule', 'AuthModule')]],
    [
      'Basic authentication without users',
      [storage, sessions, ofType(basic)],
      [noModule('UsersModule', 'AuthModule')],
    ],
    [
      'Basic authentication without sessions',
      [storage, users, ofType(basic)],
      [noModule('SessionsModule', 'AuthModule')],
    ],
    [
      'AuthModule without routes, users and sessions',
      [storage, ofType({ routes: false })],
      [noModule('UsersModule', 'AuthModule'), noModule('SessionsModule', 'AuthModule')],
    ],
    ['routes of users without AuthModule', [storage, sessions, users], [unguarded('UsersModule')]],
    [
      'routes of users without AuthModule, made by a factory',
      [storage, UsersModule.forRootAsync({ useFactory: () => ({}) })],
      [unguarded('UsersModule')],
    ],
    ['routes of the audit trail without AuthModule', [storage, audit], [unguarded('AuditModule')]],
    [
      'MailModule alone',
      [MailModule.forRoot({ ...mail, routes: false })],
      [
        noStore('TokenStore', 'MailModule'),
        noStore('OutboxStore', 'MailModule'),
        noModule('UsersModule', 'MailModule'),
      ],
    ],
    ['MailModule without users', [storage, mails], [noModule('UsersModule', 'MailModule')]],
    [
      'mails whose outbox is left out',
      [without('outbox'), sessions, users, auth, mails],
      [noStore('OutboxStore', 'MailModule')],
    ],
    [
      'mails whose tokens are left out, made by a factory',
      [
        CoatcheckModule.forRootAsync({
          type: 'session_auth',
          mail: true,
          storage: { without: ['tokens'] },
          useFactory: () => ({ ...memory, storage: { database: 'memory:' }, mail }),
        }),
      ],
      [noStore('TokenStore', 'MailModule')],
    ],
    [
      'routes of mails without AuthModule',
      [storage, UsersModule.forRoot({ routes: false }), MailModule.forRoot(mail)],
      [unguarded('MailModule')],
    ],
  ])('does not start with %s, and says what to add', async (_, imports, sentences) => {
    for (const order of [imports, imports.toReversed()])
      await expect(build(order)).rejects.toThrow(new Error(sentences.join('\n')));
  });

  @Controller('guarded')
  @UseGuards(RolesGuard)
  class ByRole extends CoatsController {}
  @Controller('guarded')
  @UseGuards(FreshGuard)
  class ByProof extends CoatsController {}

  it.each([
    ['AuthGuard', GuardedController],
    ['RolesGuard', ByRole],
    ['FreshGuard', ByProof],
  ])('does not start with %s and no AuthModule, and says what to add', async (guard, controller) => {
    const message = noModule('AuthModule', guard);
    for (const imports of [[], [storage, sessions], [storage, UsersModule.forRoot({ routes: false })]])
      await expect(build(imports, [controller])).rejects.toThrow(new Error(message));
  });

  it.each<[string, Imports]>([
    ['nobody signs in', [storage, UsersModule.forRoot({ routes: false })]],
    ['nobody lists the events', [storage, AuditModule.forRoot({ routes: false })]],
  ])('starts without the modules that are needed for routes where %s', async (_, imports) => {
    for (const order of [imports, imports.toReversed()]) apps.push(await build(order));
    expect(apps).toHaveLength(2);
  });

  it('is guarded by @UseGuards() where AuthModule is imported anywhere', async () => {
    const nested = hostOf([storage, sessions, users, ofType({ global: false })], []);
    const { statusOf } = await start(build, [nested], [CoatsController, GuardedController]);
    expect(await statusOf('/coats')).toBe(200);
    expect(await statusOf('/guarded')).toBe(401);
  });

  const withoutUsers = { database: 'memory:', without: ['users'] } as const;
  const given = { type: 'session_auth', ...memory, storage: withoutUsers } as const;
  const { without: left, ...made } = withoutUsers;
  it.each<[string, Imports]>([
    [
      'StorageModule.forRoot',
      [StorageModule.forRoot(withoutUsers), AuditModule.forRoot(), ...sessionsAndUsers, auth],
    ],
    [
      'StorageModule.forRootAsync',
      [
        StorageModule.forRootAsync({ without: left, useFactory: () => made }),
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
          storage: { without: left },
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
    ['users', UserStore, 'users'],
    ['credentials', CredentialStore, 'credentials'],
    ['sessions', SessionStore, 'sessions'],
    ['audit', AuditStore, 'audit'],
    ['throttle', ThrottleStore, 'tallies'],
    ['tokens', TokenStore, 'tokens'],
    ['outbox', OutboxStore, 'outbox'],
  ] as const;

  it.each(STORES)('leaves out one store and no other: %s', async (absent, _store, _property) => {
    const [database, sessions] = [newDatabase(), newDatabase()];
    const app = await build([StorageModule.forRoot({ database, sessions, without: [absent] })]);
    apps.push(app);
    for (const [name, store, property] of STORES) {
      const look = () => app.get<unknown>(store);
      if (name === absent) expect(look).toThrow();
      else expect(look()).toBe(app.get(Connections)[property]);
    }
  });

  it.each(
    Object.entries({
      AuditModule,
      AuthModule,
      CoatcheckModule,
      MailModule,
      SessionsModule,
      StorageModule,
      UsersModule,
    }),
  )('%s refuses options that are no object', (_, module) => {
    for (const none of [null, 'options', 7, []] as never[]) {
      expect(() => module.forRoot(none)).toThrow('the options must be an object');
      expect(() => module.forRootAsync(none)).toThrow('the options must be an object');
    }
    expect(() => module.forRootAsync({ useFactory: {} } as never)).toThrow('useFactory must be a function');
  });

  it.each<[string, object, string]>([
    ['CoatcheckModule', { users: { registration: 'open' } }, 'users.registration: let useFactory return it'],
    ['CoatcheckModule', { cookie: { name: 'sid' }, nonsense: 1 }, 'nonsense: let useFactory return it'],
    ['CoatcheckModule', { storage: { database: 'memory:' } }, 'storage.database: let useFactory return it'],
    ['CoatcheckModule', { audit: { retention: 1 } }, 'audit: let useFactory return it'],
    ['AuthModule', { cookie: { name: 'sid' } }, 'cookie: let useFactory return it'],
    ['UsersModule', { registration: 'open' }, 'registration: let useFactory return it'],
    ['SessionsModule', { limit: {} }, 'limit: let useFactory return it'],
    ['StorageModule', { database: 'memory:' }, 'database: let useFactory return it'],
    ['AuditModule', { retention: 1 }, 'retention: let useFactory return it'],
    ['MailModule', { from: 'a@example.com' }, 'from: let useFactory return it'],
  ])('%s refuses an option beside its factory that it would ignore: %j', (name, beside, fault) => {
    const modules = {
      AuditModule,
      AuthModule,
      CoatcheckModule,
      MailModule,
      SessionsModule,
      StorageModule,
      UsersModule,
    };
    const module = modules[name as keyof typeof modules];
    expect(() => module.forRootAsync({ ...beside, useFactory: () => ({}) })).toThrow(fault);
  });

  it('refuses to start on an adapter other than those of Express and Fastify', async () => {
    class OtherAdapter extends ExpressAdapter {
      override getType() {
        return 'koa';
      }
    }
    const refused = 'Coatcheck runs on Express and Fastify only, and this application on koa.';
    const host = hostOf([CoatcheckModule.forRoot({ type: 'session_auth', ...memory })]);
    const app = await NestFactory.create(host, new OtherAdapter(), { logger: false, abortOnError: false });
    await expect(app.init()).rejects.toThrow(refused);
    const testing = await Test.createTestingModule({ imports: [host] }).compile();
    await expect(testing.createNestApplication(new OtherAdapter()).init()).rejects.toThrow(refused);
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
