import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, type INestApplication, Injectable, Module, type Provider, Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AuditModule,
  AuthModule,
  Clock,
  OnSecurityEvent,
  type SecurityEvent,
  SessionStore,
  SessionsModule,
  StorageModule,
  UsersModule,
  UsersService,
} from 'coatcheck';
import { newFolder } from '../support/server.js';

const EMAIL = 'ann@example.com';
const UNKNOWN = 'somebody@example.com';
const PASSWORD = 'correct horse battery';
const GUESS = 'a wrong guess of it';
const NEW_PASSWORD = 'another good password';

interface Seen {
  readonly event: SecurityEvent;
  /** Whether the session of the event is live when the listener is called; null without a session. */
  readonly isLive: boolean | null;
}

@Injectable()
class Observer {
  readonly #calls: Promise<Seen>[] = [];

  constructor(
    private readonly sessions: SessionStore,
    private readonly clock: Clock,
  ) {}

  @OnSecurityEvent(
    'sign_in.succeeded',
    'sign_in.failed',
    'session.opened',
    'session.ended',
    'session.rotated',
    'reauthentication.succeeded',
    'reauthentication.failed',
    'password.changed',
    'user.created',
    'user.disabled',
  )
  observe(event: SecurityEvent): void {
    this.#calls.push(this.#look(event));
  }

  /** All since the last call. */
  async seen(): Promise<Seen[]> {
    return Promise.all(this.#calls.splice(0));
  }

  async #look(event: SecurityEvent): Promise<Seen> {
    const { sessionId } = event;
    if (sessionId === null) return { event, isLive: null };
    return { event, isLive: (await this.sessions.find(sessionId, this.clock.now())) !== null };
  }
}

@Controller('pages')
class PagesController {
  readonly told: string[] = [];

  @OnSecurityEvent('session.ended')
  ended({ name, details }: SecurityEvent<'session.ended'>): void {
    this.told.push(`${name} ${details.reason}`);
  }
}

@Injectable()
class Failing {
  @OnSecurityEvent('sign_in.succeeded')
  throws(): never {
    throw new Error('It throws.');
  }

  @OnSecurityEvent('reauthentication.succeeded')
  async rejects(): Promise<void> {
    throw new Error('It rejects.');
  }

  @OnSecurityEvent('sign_in.succeeded', 'reauthentication.succeeded', 'session.ended')
  neverEnds(): Promise<void> {
    return new Promise(() => {});
  }
}

describe.each([
  ['without AuditModule', []],
  ['with AuditModule', [AuditModule.forRoot()]],
])('An application that listens to security events, %s', (_, imports) => {
  const apps: INestApplication[] = [];
  const errors: unknown[] = [];

  afterEach(async () => {
    errors.length = 0;
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  async function create(providers: Provider[], max = 0): Promise<INestApplication> {
    @Module({})
    class HostModule {}
    const ignore = () => {};
    const app = await NestFactory.create(
      {
        module: HostModule,
        controllers: [PagesController],
        providers,
        imports: [
          StorageModule.forRoot({ database: `sqlite:${newFolder()}/test.db` }),
          UsersModule.forRoot({ passwordCost: 4 }),
          SessionsModule.forRoot(max > 0 ? { limit: { max, policy: 'evict_oldest' } } : {}),
          AuthModule.forRoot({ type: 'session_db_auth', cookie: { name: 'sid', secure: false } }),
          ...imports,
        ],
      },
      {
        abortOnError: false,
        logger: { log: ignore, warn: ignore, error: (line: unknown) => errors.push(line) },
      },
    );
    apps.push(app);
    return app;
  }

  async function serve(providers: Provider[] = [], max = 0) {
    const app = await create([Observer, ...providers], max);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const ann = await app
      .get(UsersService)
      .create({ email: EMAIL, password: PASSWORD, firstName: null, lastName: null }, 'user');
    const observer = app.get(Observer);
    const cookies: string[] = [];
    const send = async (method: string, path: string, body?: object, cookie = cookies.at(-1)) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...(cookie && { cookie }) },
        body: body && JSON.stringify(body),
      });
      const [set] = response.headers.getSetCookie();
      if (set && !set.includes('1970')) cookies.push(set.split(';', 1)[0]!);
      return response.status;
    };
    const login = (password = PASSWORD, email = EMAIL, cookie = cookies.at(-1)) =>
      send('POST', '/auth_session/login', { email, password }, cookie);
    const seen = async () =>
      (await observer.seen()).map(({ event: { name, details }, isLive }) => ({
        name,
        reason: details.reason,
        isLive,
      }));
    expect(await seen()).toEqual([{ name: 'user.created', isLive: null }]);
    return { app, ann, observer, cookies, send, login, seen };
  }

  it('is told of one event for each act, after the change is stored', async () => {
    const { send, login, seen, app } = await serve();
    expect(await login()).toBe(200);
    expect(await seen()).toEqual([{ name: 'sign_in.succeeded', isLive: true }]);
    expect(await login()).toBe(200);
    expect(await seen()).toEqual([
      { name: 'session.ended', reason: 'signed_out', isLive: false },
      { name: 'sign_in.succeeded', isLive: true },
    ]);
    expect(await login(GUESS)).toBe(401);
    expect(await seen()).toEqual([{ name: 'sign_in.failed', reason: 'wrong_password', isLive: null }]);
    const confirm = (password: string) => send('POST', '/sessions/current/reauthenticate', { password });
    expect(await confirm(PASSWORD)).toBe(200);
    expect(await seen()).toEqual([{ name: 'reauthentication.succeeded', isLive: true }]);
    expect(await confirm(GUESS)).toBe(403);
    expect(await seen()).toEqual([{ name: 'reauthentication.failed', isLive: true }]);
    const passwords = { current_password: PASSWORD, new_password: NEW_PASSWORD };
    expect(await send('PUT', '/users/me/password', passwords)).toBe(200);
    expect(await seen()).toEqual([
      { name: 'password.changed', isLive: null },
      { name: 'session.ended', reason: 'password_changed', isLive: false },
      { name: 'session.opened', isLive: true },
    ]);
    expect(await send('DELETE', '/auth_session/logout')).toBe(200);
    expect(await seen()).toEqual([{ name: 'session.ended', reason: 'signed_out', isLive: false }]);
    expect(await send('DELETE', '/auth_session/logout')).toBe(401);
    expect(await seen()).toEqual([]);
    expect(app.get(PagesController).told).toEqual([
      'session.ended signed_out',
      'session.ended password_changed',
      'session.ended signed_out',
    ]);
  });

  it('is told of a session that a limit ends for a sign-in', async () => {
    const { login, seen } = await serve([], 1);
    await login(PASSWORD, EMAIL, '');
    await seen();
    await login(PASSWORD, EMAIL, '');
    expect(await seen()).toEqual([
      { name: 'session.ended', reason: 'evicted', isLive: false },
      { name: 'sign_in.succeeded', isLive: true },
    ]);
  });

  it('is told who did it, of whom, and no secret', async () => {
    const { ann, login, send, observer, cookies } = await serve();
    await login();
    await login();
    await login(GUESS);
    await login(GUESS, UNKNOWN);
    await send('POST', '/sessions/current/reauthenticate', { password: PASSWORD });
    await send('POST', '/sessions/current/reauthenticate', { password: GUESS });
    await send('DELETE', '/auth_session/logout');
    const events = (await observer.seen()).map(({ event }) => event);
    expect(events).toHaveLength(8);
    const failed = events.filter(({ name }) => name === 'sign_in.failed');
    expect(failed.map(({ subjectId }) => subjectId)).toEqual([ann.id, null]);
    for (const event of events.filter((one) => !failed.includes(one)))
      expect(event).toMatchObject({
        subjectId: ann.id,
        by: { via: 'http', actorId: ann.id, ip: '127.0.0.1' },
      });
    const text = JSON.stringify(events);
    expect(cookies).toHaveLength(3);
    const secrets = cookies.map((cookie) => cookie.slice(cookie.indexOf('.') + 1));
    for (const secret of [PASSWORD, GUESS, UNKNOWN, EMAIL, 'connection', 'Hash', ...secrets])
      expect(text).not.toContain(secret);
  });

  it('answers although listeners throw, reject and never end, and logs each error once', async () => {
    const { login, send } = await serve([Failing]);
    expect(await login()).toBe(200);
    expect(await send('POST', '/sessions/current/reauthenticate', { password: PASSWORD })).toBe(200);
    expect(await send('DELETE', '/auth_session/logout')).toBe(200);
    expect(errors).toEqual([
      { event: 'sign_in.succeeded', failed: 'a listener', err: new Error('It throws.') },
      { event: 'reauthentication.succeeded', failed: 'a listener', err: new Error('It rejects.') },
    ]);
  });

  it('does not start with a listener that would never be called', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      @OnSecurityEvent('session.ended')
      ended(): void {}
    }
    const app = await create([PerRequest]);
    await expect(app.listen(0, '127.0.0.1')).rejects.toThrow('PerRequest.ended has @OnSecurityEvent()');
  });
});
