import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Auth,
  AuthModule,
  Clock,
  CurrentSession,
  CurrentUser,
  Fresh,
  MailModule,
  Roles,
  type Session,
  SessionsModule,
  StorageModule,
  type User,
  UsersModule,
  UsersService,
  rejected,
} from 'coatcheck';
import { loadConfig } from 'coatcheck/server';
import { FakeClock, MemoryMailer, cookiesFor, loginAs } from 'coatcheck/testing';
import { newFolder } from '../support/server.js';

type AuthGiven = NonNullable<Parameters<typeof AuthModule.forRoot>[0]>;

const EMAIL = 'ann@example.com';
const COOKIE = { name: 'sid', secure: false };

@Controller('pages')
class PagesController {
  @Get()
  read(@CurrentUser() user: User, @CurrentSession() session: Session | null) {
    return { email: user.email, role: user.role, transport: session?.transport ?? null };
  }

  @Get('fresh')
  @Fresh('5m')
  fresh() {
    return {};
  }

  @Get('admin')
  @Roles('admin')
  admin() {
    return {};
  }
}

class KeyAuth extends Auth {
  readonly challenges = ['ApiKey'];

  async authenticate() {
    return rejected();
  }
}

const ADAPTERS = { Express: ExpressAdapter, Fastify: FastifyAdapter };

describe.each(Object.entries(ADAPTERS))('loginAs on %s', (_, Adapter) => {
  const apps: INestApplication[] = [];

  afterEach(async () => {
    jest.restoreAllMocks();
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  async function start(auth: AuthGiven, imports: NonNullable<ModuleMetadata['imports']> = []) {
    const clock = new FakeClock();
    const testing = await Test.createTestingModule({
      controllers: [PagesController],
      imports: [
        StorageModule.forRoot({ database: `sqlite:${newFolder()}/test.db` }),
        UsersModule.forRoot({ passwordCost: 4 }),
        SessionsModule.forRoot(),
        AuthModule.forRoot({ cookie: COOKIE, ...auth }),
        ...imports,
      ],
    })
      .overrideProvider(Clock)
      .useValue(clock)
      .compile();
    const app = testing.createNestApplication(new Adapter(), { logger: false });
    apps.push(app);
    await app.init();
    await app.getHttpAdapter().getInstance().ready?.();
    return { app, clock };
  }

  it.each<AuthGiven['type']>(['session_auth', 'basic_auth'])(
    'signs a new user in where addresses must be verified: %s',
    async (type) => {
      const mailbox = new MemoryMailer();
      const mail = { mailer: mailbox, from: 'no-reply@example.com', publicUrl: 'https://app.example.com' };
      const { app } = await start({ type }, [MailModule.forRoot({ ...mail, verification: 'required' })]);
      const ann = await loginAs(app, { email: EMAIL });
      await ann.agent.get('/pages').expect(200);
    },
  );

  it.each<[AuthGiven['type'], string | null, RegExp]>([
    ['session_auth', 'cookie', /^sid=/],
    ['session_exp_auth', 'cookie', /^sid=/],
    ['session_db_auth', 'cookie', /^sid=/],
    ['token_auth', 'bearer', /^Bearer /],
    ['basic_auth', null, /^Basic /],
    ['basic_auth,session_db_auth', 'cookie', /^sid=/],
    ['basic_auth,token_auth', 'bearer', /^Bearer /],
    ['session_db_auth,token_auth', 'cookie', /^sid=/],
  ])('signs a new and an existing user in: %s', async (type, transport, header) => {
    const { app } = await start({ type });
    for (let round = 0; round < 2; round += 1) {
      const ann = await loginAs(app, { email: EMAIL });
      expect(Object.values(ann.headers)).toEqual([expect.stringMatching(header)]);
      const { body } = await ann.agent.get('/pages').expect(200);
      expect(body).toEqual({ email: EMAIL, role: 'user', transport });
      await ann.agent.get('/pages/fresh').expect(200);
      await ann.agent.get('/pages/admin').expect(403);
    }
    expect(await app.get(UsersService, { strict: false }).count()).toBe(1);
  });

  it('keeps earlier logins valid', async () => {
    for (const type of ['basic_auth', 'session_db_auth']) {
      const { app } = await start({ type });
      const first = await loginAs(app, { email: EMAIL });
      await loginAs(app, { email: EMAIL });
      await first.agent.get('/pages').expect(200);
    }
  });

  it('signs an existing user in under basic_auth, whose password it does not know', async () => {
    const { app } = await start({ type: 'basic_auth' });
    const details = { email: EMAIL, password: 'correct horse battery', firstName: 'Ann', lastName: null };
    const { id } = await app.get(UsersService, { strict: false }).create(details, 'user');
    const ann = await loginAs(app, { email: EMAIL });
    expect(ann.user).toMatchObject({ id, firstName: 'Ann' });
    await ann.agent.get('/pages').expect(200);
  });

  it('issues a token for the chosen transport', async () => {
    const { app } = await start({ type: 'session_db_auth,token_auth' });
    const ann = await loginAs(app, { email: EMAIL }, { transport: 'bearer' });
    expect((await ann.agent.get('/pages').expect(200)).body).toMatchObject({ transport: 'bearer' });
    const { app: other } = await start({ type: 'token_auth' });
    await expect(loginAs(other, { email: EMAIL }, { transport: 'cookie' })).rejects.toThrow(
      'No strategy of this application issues a token for cookie.',
    );
  });

  it('gives the user the role', async () => {
    const { app } = await start({ type: 'session_db_auth' });
    const root = await loginAs(app, { email: 'root@example.com' }, { roles: ['admin'] });
    await root.agent.get('/pages/admin').expect(200);
    const ann = await loginAs(app, { email: EMAIL });
    await ann.agent.get('/pages/admin').expect(403);
    expect((await loginAs(app, { email: EMAIL }, { roles: ['admin'] })).user.role).toBe('admin');
    await ann.agent.get('/pages/admin').expect(200);
    expect((await loginAs(app, { email: EMAIL })).user.role).toBe('admin');
    expect((await loginAs(app, { email: EMAIL }, { roles: ['user'] })).user.role).toBe('user');
    await ann.agent.get('/pages/admin').expect(403);
  });

  it.each(['session_auth', 'session_db_auth', 'token_auth'])(
    'opens a session that is valid and not fresh: %s',
    async (type) => {
      const { app } = await start({ type });
      const ann = await loginAs(app, { email: EMAIL }, { fresh: false });
      await ann.agent.get('/pages').expect(200);
      const { body } = await ann.agent.get('/pages/fresh').expect(403);
      expect(body).toMatchObject({ code: 'session_not_fresh' });
    },
  );

  it('opens sessions that expire with the clock of the test', async () => {
    const { app, clock } = await start({ type: 'session_db_auth' });
    const ann = await loginAs(app, { email: EMAIL });
    clock.advance('29m');
    await ann.agent.get('/pages').expect(200);
    clock.advance('31m');
    await ann.agent.get('/pages').expect(401);
  });

  it('refuses what cannot be', async () => {
    const { app: basic } = await start({ type: 'basic_auth' });
    await expect(loginAs(basic, { email: EMAIL }, { fresh: false })).rejects.toThrow(
      'fresh: false needs a strategy with sessions, such as session_auth.',
    );
    const { app: keys } = await start({ type: 'key', strategies: { key: KeyAuth } });
    await expect(loginAs(keys, { email: EMAIL })).rejects.toThrow(
      'loginAs needs basic_auth or a strategy with sign-in; this application has key.',
    );
    const { app } = await start({ type: 'session_db_auth' });
    const { user } = await loginAs(app, { email: EMAIL });
    await app.get(UsersService, { strict: false }).update(user.id, { disabled: true });
    await expect(loginAs(app, { email: EMAIL })).rejects.toThrow(
      'ann@example.com is disabled and cannot sign in. Enable the user first.',
    );
  });

  it('needs supertest for the agent only, and names the command', async () => {
    const { app } = await start({ type: 'session_db_auth' });
    jest.spyOn(process, 'cwd').mockReturnValue(newFolder());
    const ann = await loginAs(app, { email: EMAIL });
    expect(ann.headers.cookie).toMatch(/^sid=/);
    expect(() => ann.agent).toThrow(
      'agent needs supertest: npm install --save-dev supertest @types/supertest',
    );
  });

  it('has cookies for a browser', async () => {
    const { app } = await start({ type: 'session_db_auth' });
    const ann = await loginAs(app, { email: EMAIL });
    const value = ann.headers.cookie!.slice('sid='.length);
    const shared = { name: 'sid', value, path: '/', httpOnly: true, secure: false, sameSite: 'Lax' };
    expect(cookiesFor(ann)).toEqual([{ ...shared, domain: 'localhost' }]);
    expect(cookiesFor(ann, '127.0.0.1')).toEqual([{ ...shared, domain: '127.0.0.1' }]);
    const attributes = { secure: true, domain: 'example.com', sameSite: 'strict', path: '/app' } as const;
    const { app: other } = await start({
      type: 'session_db_auth',
      cookie: { name: '__Secure-sid', ...attributes },
    });
    expect(cookiesFor(await loginAs(other, { email: EMAIL }))).toEqual([
      expect.objectContaining({ ...attributes, domain: '.example.com', sameSite: 'Strict' }),
    ]);
    const { app: tokens } = await start({ type: 'token_auth' });
    const ben = await loginAs(tokens, { email: EMAIL });
    expect(() => cookiesFor(ben)).toThrow('This user has no cookie');
  });
});

describe('Sessions in memory', () => {
  const create = (type: string, auth: AuthGiven = {}) =>
    Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ database: 'memory:' }),
        UsersModule.forRoot({ passwordCost: 4 }),
        SessionsModule.forRoot(),
        AuthModule.forRoot({ type, cookie: COOKIE, ...auth }),
      ],
      controllers: [PagesController],
    }).compile();

  it.each(['session_db_auth', 'token_auth'])('are allowed in tests by an option: %s', async (type) => {
    await expect(create(type)).rejects.toThrow('need a durable session store');
    const testing = await create(type, { allowMemorySessionsInTests: true });
    const app = testing.createNestApplication({ logger: false });
    await app.init();
    const ann = await loginAs(app, { email: EMAIL }, { fresh: false });
    await ann.agent.get('/pages').expect(200);
    await ann.agent.get('/pages/fresh').expect(403);
    await app.close();
  });

  it('are not allowed by an environment variable', () => {
    const variables = { AUTH_TYPE: 'session_db_auth', ALLOW_MEMORY_SESSIONS_IN_TESTS: 'true' };
    expect(loadConfig(variables).auth.allowMemorySessionsInTests).toBe(false);
    expect(() => loadConfig({ ...variables, DATABASE_URL: 'memory:' })).toThrow(
      'needs a durable session store',
    );
  });
});

describe('The clock of a test', () => {
  it.each<[number | string, number]>([
    [1500, 1500],
    ['500ms', 500],
    ['90', 90_000],
    ['31m', 1_860_000],
    ['7d', 604_800_000],
  ])('is advanced by %j', (duration, ms) => {
    const clock = new FakeClock();
    const start = clock.now().getTime();
    clock.advance(duration);
    expect(clock.now().getTime() - start).toBe(ms);
  });

  it.each(['', '31 m', '1.5h', 'soon', '-1m', NaN, Infinity])('is not advanced by %j', (duration) => {
    const clock = new FakeClock();
    const start = clock.now();
    expect(() => clock.advance(duration)).toThrow('Not a duration');
    expect(clock.now()).toEqual(start);
  });
});
