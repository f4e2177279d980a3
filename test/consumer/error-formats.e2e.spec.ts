import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ConflictException,
  Controller,
  type DynamicModule,
  Get,
  type INestApplication,
  Module,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AuthModule,
  type ErrorFormat,
  OptionalAuth,
  Public,
  Roles,
  SessionsModule,
  StorageModule,
  UsersModule,
  UsersService,
} from 'coatcheck';
import { AlxModule, ALX_RULES, createAlxApp } from 'coatcheck/alx';
import { AppModule, createApp, loadConfig } from 'coatcheck/server';
import { ADAPTERS } from '../support/adapters.js';

const EMAIL = 'ann@example.com';
const PASSWORD = 'correct horse battery';
const cookie = { name: 'sid', secure: false };

@Controller('pages')
class PagesController {
  @Get()
  read() {
    return {};
  }

  @Get('reports')
  @Roles('admin')
  reports() {
    return {};
  }

  @Get('news')
  @OptionalAuth()
  news() {
    return {};
  }

  @Get('taken')
  @Public()
  taken() {
    throw new ConflictException('of the application');
  }
}

/** `{"fault":{"name","id"}}`, and a 404 for what the caller has no right to. */
const errorFormat: ErrorFormat = ({ code, status, detail }, id) => ({
  status: status === 403 ? 404 : status,
  contentType: 'application/vnd.example+json',
  body: { fault: { name: code, text: detail, ...(id !== undefined && { id }) } },
});

const base = [StorageModule.forRoot({ database: 'memory:' }), SessionsModule.forRoot()];

@Module({
  imports: [
    ...base,
    UsersModule.forRoot({ passwordCost: 4 }),
    AuthModule.forRoot({ type: 'session_auth', cookie, errorFormat }),
  ],
  controllers: [PagesController],
})
class FormattedModule {}

@Module({
  imports: [
    ...base,
    AlxModule.forRoot({ users: { passwordCost: 4 }, auth: { type: ['session_auth', 'basic_auth'], cookie } }),
  ],
  controllers: [PagesController],
})
class CourseModule {}

@Module({
  imports: [
    ...base,
    AlxModule.forRootAsync({
      users: { useFactory: () => ({ passwordCost: 4 }) },
      auth: { type: ['session_auth', 'basic_auth'], useFactory: () => ({ cookie }) },
    }),
  ],
  controllers: [PagesController],
})
class AsyncCourseModule {}

describe.each(ADAPTERS)('An application on %s with', (_, Adapter) => {
  const apps: INestApplication[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  async function serve(opened: Promise<INestApplication>): Promise<{ url: string; port: number }> {
    const app = await opened;
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    const details = { email: EMAIL, password: PASSWORD, firstName: null, lastName: null };
    await app.get(UsersService).create(details, 'user');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, port };
  }

  const plain = (module: new () => object | DynamicModule) =>
    serve(NestFactory.create(module, new Adapter(), { logger: false, abortOnError: false }));

  async function ask(url: string, init: RequestInit = {}) {
    const response = await fetch(url, init);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      headers: response.headers,
      body: (await response.json()) as object,
    };
  }

  const json = (body: object): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const form = (body: Record<string, string>): RequestInit => ({
    method: 'POST',
    body: new URLSearchParams(body),
  });
  const cookieOf = ({ headers }: { readonly headers: Headers }) => ({
    cookie: headers.getSetCookie()[0]!.split(';', 1)[0]!,
  });

  describe('an error format of its own', () => {
    const TYPE = 'application/vnd.example+json';
    const fault = (name: string) => ({ fault: { name, text: expect.any(String) } });
    const named = (name: string) => ({
      fault: { name, text: expect.any(String), id: expect.stringMatching(/^[\w-]{36}$/) },
    });

    it('answers in it on the routes of this package', async () => {
      const { url } = await plain(FormattedModule);
      const login = `${url}/auth_session/login`;
      expect(await ask(login, json({ email: EMAIL }))).toMatchObject({
        status: 400,
        type: TYPE,
        body: named('validation_failed'),
      });
      const wrong = await ask(login, json({ email: EMAIL, password: 'wrong' }));
      expect(wrong).toMatchObject({ status: 401, type: TYPE, body: named('credentials_invalid') });
      expect(wrong.headers.get('www-authenticate')).toBe('Session realm="coatcheck"');
    });

    it('refuses in it on its own routes, and leaves its own errors alone', async () => {
      const { url } = await plain(FormattedModule);
      const anonymous = await ask(`${url}/pages`);
      expect(anonymous).toMatchObject({ status: 401 });
      expect(anonymous.body).toEqual(fault('credentials_missing'));
      expect(anonymous.headers.get('www-authenticate')).toBe('Session realm="coatcheck"');
      const ann = cookieOf(
        await ask(`${url}/auth_session/login`, json({ email: EMAIL, password: PASSWORD })),
      );
      const reports = await ask(`${url}/pages/reports`, { headers: ann });
      expect([reports.status, reports.body]).toEqual([404, fault('role_required')]);
      expect((await ask(`${url}/pages`, { headers: ann })).status).toBe(200);
      expect((await ask(`${url}/pages/taken`)).body).toEqual({
        statusCode: 409,
        message: 'of the application',
        error: 'Conflict',
      });
    });

    it('answers in it whatever the server refuses before a route is looked for', async () => {
      const options = { prefix: '/api', allowedHosts: ['127.0.0.1'] };
      const { url, port } = await serve(createApp(FormattedModule, options, { logger: false }));
      expect(await ask(`${url}/api/nowhere`)).toMatchObject({
        status: 401,
        type: TYPE,
        body: named('credentials_missing'),
      });
      for (const [bytes, status, name] of [
        ['nonsense\r\n\r\n', 400, 'malformed_request'],
        ['GET /api/pages HTTP/1.1\r\nHost: evil.example\r\n\r\n', 421, 'host_not_allowed'],
        ['GET /api/pages HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: magic\r\n\r\n', 417, 'expectation_failed'],
      ] as const) {
        const socket = connect(port, '127.0.0.1');
        socket.end(bytes);
        const answer = await text(socket);
        expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
        expect(answer).toContain(TYPE);
        expect(answer).toContain(`{"fault":{"name":"${name}"`);
      }
    });
  });

  describe('the course contract', () => {
    it('guards its own routes by the rules of the contract', async () => {
      const { url } = await plain(CourseModule);
      for (const path of ['/pages', '/pages/news', '/users/me']) {
        const anonymous = await ask(url + path);
        expect([path, anonymous.status, anonymous.body]).toEqual([path, 401, { error: 'Unauthorized' }]);
        const unread = await ask(url + path, { headers: { authorization: 'Bearer token' } });
        expect([path, unread.status, unread.body]).toEqual([path, 403, { error: 'Forbidden' }]);
        expect(unread.headers.get('www-authenticate')).toBeNull();
      }
      expect((await ask(`${url}/status`)).body).toEqual({ status: 'OK' });
    });

    it('has its login read forms and no JSON, also behind the parsers of the application', async () => {
      for (const { url } of [
        await plain(CourseModule),
        await plain(AsyncCourseModule),
        await serve(createAlxApp(CourseModule, { prefix: '/' }, { logger: false })),
      ]) {
        const login = `${url}/auth_session/login`;
        const ann = cookieOf(await ask(login, form({ email: EMAIL, password: PASSWORD })));
        expect((await ask(`${url}/users/me`, { headers: ann })).body).toMatchObject({ email: EMAIL });
        expect((await ask(`${url}/pages`, { headers: ann })).status).toBe(200);
        for (const [init, status, error] of [
          [json({ email: EMAIL, password: PASSWORD }), 400, 'email missing'],
          [form({ email: EMAIL, password: 'wrong' }), 401, 'wrong password'],
          [form({ email: 'ben@example.com', password: 'wrong' }), 404, 'no user found for this email'],
        ] as const) {
          const refused = await ask(login, init);
          expect([refused.status, refused.type, refused.body]).toEqual([
            status,
            'application/json',
            { error },
          ]);
        }
      }
    });

    it('is readable to pages of any origin by createAlxApp', async () => {
      const { url } = await serve(createAlxApp(CourseModule, { prefix: '/' }, { logger: false }));
      const headers = { origin: 'https://elsewhere.example', 'content-type': 'application/json' };
      const answer = await ask(`${url}/users`, { method: 'POST', headers, body: '{}' });
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
    });

    it('is not what AppModule serves', () => {
      const config = loadConfig({ AUTH_COMPAT: 'alx' }, { compat: { alx: ALX_RULES } });
      expect(() => AppModule.forRoot(config)).toThrow('AUTH_COMPAT=standard only');
    });
  });
});
