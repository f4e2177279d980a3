import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  type DynamicModule,
  Get,
  type INestApplication,
  Injectable,
  Module,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AuthModule,
  PasswordHasher,
  SessionsModule,
  StorageModule,
  ThrottleOptions,
  UserListener,
  UsersModule,
  UsersService,
} from 'coatcheck';
import { ADAPTERS } from '../support/adapters.js';

const PASSWORD = 'correct horse battery';
const EMAIL = 'ann@example.com';

type AuthGiven = NonNullable<Parameters<typeof AuthModule.forRoot>[0]>;
type UsersGiven = NonNullable<Parameters<typeof UsersModule.forRoot>[0]>;

@Controller('pages')
class PagesController {
  @Get()
  read() {
    return {};
  }
}

/** Fast and weak: for this test alone. */
class ShaHasher extends PasswordHasher {
  readonly asked: string[] = [];

  async hash(password: string): Promise<string> {
    this.asked.push(password);
    return `$sha256$${createHash('sha256').update(password).digest('hex')}`;
  }

  async verify(password: string, hash: string): Promise<boolean> {
    return (await this.hash(password)) === hash;
  }

  dummyHash(): string {
    return '$sha256$';
  }

  isOutdated(): boolean {
    return false;
  }
}

@Injectable()
class MailListener extends UserListener {
  readonly told: string[] = [];

  async onUserDeactivated(userId: string, reason: string): Promise<void> {
    this.told.push(`${userId} ${reason}`);
  }
}

@Injectable()
class BrokenListener extends UserListener {
  async onUserDeactivated(): Promise<void> {
    throw new Error('The listener failed.');
  }
}

describe.each(ADAPTERS)('An application on plain Nest with %s', (_, Adapter) => {
  const apps: INestApplication[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  async function serve(
    { auth = {}, users = {} }: { auth?: AuthGiven; users?: UsersGiven },
    extra: Pick<DynamicModule, 'providers' | 'imports'> = {},
  ) {
    @Module({})
    class HostModule {}
    const module: DynamicModule = {
      module: HostModule,
      controllers: [PagesController],
      providers: extra.providers,
      imports: [
        StorageModule.forRoot({ database: 'memory:' }),
        UsersModule.forRoot(users?.passwordHasher ? users : { passwordCost: 4, ...users }),
        SessionsModule.forRoot(),
        AuthModule.forRoot({ type: 'session_auth', cookie: { name: 'sid', secure: false }, ...auth }),
        ...(extra.imports ?? []),
      ],
    };
    const app = await NestFactory.create(module, new Adapter(), { logger: false, abortOnError: false });
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    const ann = await app
      .get(UsersService)
      .create({ email: EMAIL, password: PASSWORD, firstName: null, lastName: null }, 'user');
    return { app, url, ann };
  }

  const login = (url: string, password = PASSWORD) =>
    fetch(`${url}/auth_session/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: EMAIL, password }),
    });

  it.each<[AuthGiven['cookie'], RegExp]>([
    [{ name: 'sid', secure: false }, /^sid=\S+; Path=\/; HttpOnly; SameSite=Lax$/],
    [{}, /^__Host-sid=\S+; Path=\/; HttpOnly; Secure; SameSite=Lax$/],
    [
      { name: '__Secure-id', domain: 'example.com', path: '/app', sameSite: 'none', partitioned: true },
      /^__Secure-id=\S+; Domain=example\.com; Path=\/app; HttpOnly; Secure; Partitioned; SameSite=None$/,
    ],
    [{ name: 'id', secure: false, sameSite: 'strict' }, /^id=\S+; Path=\/; HttpOnly; SameSite=Strict$/],
  ])('sets and clears the session cookie with the attributes %j', async (cookie, expected) => {
    const { url } = await serve({ auth: { cookie } });
    const [set] = (await login(url)).headers.getSetCookie();
    expect(set).toMatch(expected);
    const headers = { cookie: set!.split(';', 1)[0]! };
    expect((await fetch(`${url}/pages`, { headers })).status).toBe(200);
    const out = await fetch(`${url}/auth_session/logout`, { method: 'DELETE', headers });
    expect(out.status).toBe(200);
    const [cleared] = out.headers.getSetCookie();
    expect(cleared!.replace(/ Expires=[^;]*;/, '').replace('=;', '=x;')).toMatch(expected);
    expect((await fetch(`${url}/pages`, { headers })).status).toBe(401);
  });

  it('names its realm', async () => {
    const { url } = await serve({ auth: { type: 'basic_auth', realm: 'Example shop' } });
    const { headers } = await fetch(`${url}/pages`);
    expect(headers.get('www-authenticate')).toBe('Basic realm="Example shop", charset="UTF-8"');
  });

  it('hashes passwords by a hasher of its own', async () => {
    const hasher = new ShaHasher();
    const { url } = await serve({ users: { passwordHasher: hasher } });
    expect(hasher.asked).toEqual([PASSWORD]);
    expect((await login(url)).status).toBe(200);
    expect((await login(url, 'another password')).status).toBe(401);
    expect(hasher.asked).toEqual([PASSWORD, PASSWORD, 'another password']);
  });

  it('limits guesses by limits of its own', async () => {
    const { url } = await serve({ users: { throttle: new ThrottleOptions({ failuresPerNetwork: 3 }) } });
    const statuses: number[] = [];
    for (let guess = 0; guess < 4; guess += 1) statuses.push((await login(url, 'a wrong password')).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
  });

  it('is told that a user was deactivated, beside the listener that ends the sessions', async () => {
    @Module({ providers: [MailListener] })
    class MailModule {}
    const { app, url, ann } = await serve({}, { imports: [MailModule] });
    const [cookie = ''] = (await login(url)).headers.getSetCookie()[0]!.split(';', 1);
    await app.get(UsersService).update(ann.id, { disabled: true });
    expect(app.get(MailListener, { strict: false }).told).toEqual([`${ann.id} user_disabled`]);
    expect(await (await fetch(`${url}/pages`, { headers: { cookie } })).json()).toMatchObject({
      code: 'user_disabled',
      ended_at: expect.any(String),
    });
  });

  it('has all listeners told where one of them fails', async () => {
    const { app, ann } = await serve({}, { providers: [BrokenListener, MailListener] });
    await expect(app.get(UsersService).remove(ann.id)).rejects.toThrow('The listener failed.');
    expect(app.get(MailListener).told).toEqual([`${ann.id} user_deleted`]);
  });
});
