import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  Controller,
  Delete,
  type DynamicModule,
  Get,
  Header,
  HttpCode,
  type INestApplication,
  type NestApplicationOptions,
  Param,
  Post,
  Req,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CoatcheckModule, CurrentUser, Public, type User, UsersService, initiatorOf } from 'coatcheck';
import type { FastifyRequest } from 'fastify';
import ts from 'typescript';
import { freePort } from '../support/engines.js';
import { until } from '../support/processes.js';
import { newFolder } from '../support/server.js';

const PASSWORD = 'correct horse battery';

@Controller('things')
@Public()
class ThingsController {
  @Get()
  @Header('X-Thing', 'one')
  list(@Req() { headers, query }: FastifyRequest) {
    return { type: headers['content-type'] ?? null, query };
  }

  @Get(':id')
  one(@Param('id') id: string) {
    return { id };
  }

  @Post()
  @HttpCode(202)
  add(@Body() body: unknown, @Req() request: FastifyRequest & { rawBody?: Buffer }) {
    return {
      body: body ?? null,
      raw: request.rawBody?.toString() ?? null,
      type: request.headers['content-type'] ?? null,
    };
  }

  @Delete(':id')
  remove(@Body() body: unknown) {
    return { body: body ?? null };
  }
}

@Controller('mine')
class MineController {
  @Get()
  mine(@CurrentUser() user: User, @Req() request: FastifyRequest) {
    return { owner: user.email, ip: initiatorOf(request).ip };
  }
}

const coatcheck = () =>
  CoatcheckModule.forRoot({
    type: 'session_auth,basic_auth',
    cookie: { name: 'sid', secure: false },
    storage: { database: 'memory:' },
    users: { passwordCost: 4 },
  });

describe('An application on Fastify', () => {
  const apps: INestApplication[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  async function start(
    module: Partial<DynamicModule>,
    nest: NestApplicationOptions = {},
    adapter = new FastifyAdapter(),
  ): Promise<{ app: NestFastifyApplication; url: string }> {
    const app = await NestFactory.create<NestFastifyApplication>(
      { module: class HostModule {}, ...module },
      adapter,
      { logger: false, abortOnError: false, ...nest },
    );
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    return { app, url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` };
  }

  const ann = (app: INestApplication) =>
    app
      .get(UsersService)
      .create({ email: 'ann@example.com', password: PASSWORD, firstName: null, lastName: null }, 'user');
  const authorization = `Basic ${Buffer.from(`ann@example.com:${PASSWORD}`).toString('base64')}`;

  it.each<[string, NestApplicationOptions]>([
    ['as Nest makes it', {}],
    ['without body parsers', { bodyParser: false }],
    ['with raw bodies', { rawBody: true }],
  ])('answers its own routes as without Coatcheck: %s', async (_, nest) => {
    const controllers = [ThingsController];
    const [bare, guarded] = [
      await start({ controllers }, nest),
      await start({ controllers, imports: [coatcheck()] }, nest),
    ];
    const json = { 'content-type': 'application/json' };
    const requests: readonly [string, string, Record<string, string>?, string?][] = [
      ['GET', '/things?a=1&a=2&b[c]=3'],
      ['HEAD', '/things'],
      ['OPTIONS', '/things'],
      ['GET', '/things/7'],
      ['GET', '/things/%ff'],
      ['GET', `/things/${'a'.repeat(101)}`],
      ['GET', '/things/'],
      ['GET', '/THINGS'],
      ['GET', '/nowhere'],
      ['PUT', '/things'],
      ['POST', '/things', json, '{"a":1}'],
      ['POST', '/things', json, '{'],
      ['POST', '/things', json, '{"__proto__":1}'],
      ['POST', '/things', json, ''],
      ['POST', '/things', json, `"${'a'.repeat(2 ** 20)}"`],
      ['POST', '/things', { 'content-type': 'text/plain' }, 'text'],
      ['POST', '/things', { 'content-type': 'application/xml' }, '<a/>'],
      ['POST', '/things', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=1'],
      ['POST', '/things'],
      ['DELETE', '/things/7', json, '{"a":1}'],
      ['DELETE', '/things/7', json],
    ];
    for (const [method, path, headers, body] of requests) {
      const [expected, actual] = await Promise.all(
        [bare, guarded].map(async ({ url }) => {
          const response = await fetch(url + path, { method, headers, body });
          const kept = [...response.headers].filter(([name]) => name !== 'date');
          return { status: response.status, headers: kept, body: await response.text() };
        }),
      );
      expect({ method, path, ...actual }).toEqual({ method, path, ...expected });
    }
  });

  it.each([
    [false, '127.0.0.1'],
    [true, '203.0.113.7'],
  ])('knows the client by the proxies that it trusts: %s', async (trustProxy, ip) => {
    const adapter = new FastifyAdapter({ trustProxy });
    const { app, url } = await start({ controllers: [MineController], imports: [coatcheck()] }, {}, adapter);
    await ann(app);
    const headers = { authorization, 'x-forwarded-for': '203.0.113.7' };
    expect(await (await fetch(`${url}/mine`, { headers })).json()).toEqual({ owner: 'ann@example.com', ip });
  });

  it('answers `inject` as it answers a client', async () => {
    // Jest cannot load what `inject` needs.
    const script = `
      import { NestFactory } from '@nestjs/core';
      import { FastifyAdapter } from '@nestjs/platform-fastify';
      import { CoatcheckModule, UsersService } from 'coatcheck';
      const module = CoatcheckModule.forRoot({ type: 'session_auth', cookie: { name: 'sid', secure: false }, storage: { database: 'memory:' } });
      const app = await NestFactory.create(module, new FastifyAdapter(), { logger: false });
      await app.init();
      const credentials = { email: 'ann@example.com', password: '${PASSWORD}' };
      await app.get(UsersService, { strict: false }).create({ ...credentials, firstName: null, lastName: null }, 'user');
      const login = (payload) => app.inject({ method: 'POST', url: '/auth_session/login', payload });
      const wrong = await login({ ...credentials, password: 'wrong' });
      const right = await login(credentials);
      const headers = { cookie: 'sid=' + right.cookies[0].value };
      const me = await app.inject({ url: '/users/me', headers });
      console.log(JSON.stringify([wrong.statusCode, right.statusCode, me.statusCode, (await app.inject({ url: '/users/me' })).statusCode]));
      await app.close();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(JSON.parse(stdout)).toEqual([401, 200, 200, 401]);
  });

  it('reads the bodies of HTTP/2, which need no Content-Length', async () => {
    const adapter = new FastifyAdapter({ http2: true } as object);
    const { app, url } = await start({ imports: [coatcheck()] }, {}, adapter);
    await ann(app);
    const session = connect(url);
    const statusOf = async (headers: object, body?: string) => {
      const stream = session.request({ ':method': 'POST', ':path': '/auth_session/login', ...headers });
      stream.end(body);
      const [{ ':status': status }] = (await once(stream, 'response')) as [Record<string, unknown>];
      stream.close();
      return status;
    };
    const json = { 'content-type': 'application/json' };
    const body = JSON.stringify({ email: 'ann@example.com', password: PASSWORD });
    try {
      expect(await statusOf(json)).toBe(400);
      expect(await statusOf({}, body)).toBe(415);
      expect(await statusOf(json, JSON.stringify('a'.repeat(20_000)))).toBe(413);
      expect(await statusOf(json, body)).toBe(200);
    } finally {
      session.destroy();
    }
  });

  it('has the headers of a request in its hooks, also on the Coatcheck routes', async () => {
    const seen: unknown[] = [];
    const adapter = new FastifyAdapter();
    const look = async ({ headers }: FastifyRequest) => void seen.push(headers['content-type']);
    adapter.getInstance().addHook('onRequest', look).addHook('preHandler', look);
    const { url } = await start({ imports: [coatcheck()] }, {}, adapter);
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/auth_session/login`, { method: 'POST', headers, body: '{}' });
    expect(response.status).toBe(400);
    expect(seen).toEqual(['application/json', 'application/json']);
  });
});

describe('The examples of the page on transports', () => {
  const page = readFileSync('docs/transports.md', 'utf8');
  const [, application = ''] = /\n## Fastify\n[^]*?```ts\n([^]*?)```/.exec(page) ?? [];
  const [, hardened = ''] = /\n### A hardened server on Fastify\n[^]*?```ts\n([^]*?)```/.exec(page) ?? [];
  const files: string[] = [];
  let child: ChildProcess;

  afterEach(async () => {
    const ended = once(child, 'exit');
    if (child.kill()) await ended;
    for (const file of files.splice(0)) rmSync(file);
  });

  function write(name: string, source: string): string {
    const file = join(process.cwd(), `build/${name}-${process.pid}.mjs`);
    const code = ts.transpile(source, {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    });
    mkdirSync('build', { recursive: true });
    writeFileSync(file, code);
    files.push(file);
    return file;
  }

  /** Starts a file and signs a user up and in; their answer to `/coats`, and one to an unknown path. */
  async function use(file: string, prefix: string) {
    const port = await freePort();
    const env = { ...process.env, PORT: String(port) };
    child = spawn(process.execPath, [file], { cwd: newFolder(), env, stdio: 'ignore' });
    const url = `http://127.0.0.1:${port}`;
    await until(() =>
      fetch(url).then(
        () => true,
        () => child.exitCode !== null,
      ),
    );
    const post = (path: string) =>
      fetch(url + prefix + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'ann@example.com', password: PASSWORD }),
      });
    expect((await post('/users')).status).toBe(201);
    const cookie = (await post('/auth_session/login')).headers.getSetCookie()[0]!.split(';', 1)[0]!;
    const mine = await fetch(`${url}${prefix}/coats`, { headers: { cookie } });
    expect(await mine.json()).toEqual({ owner: 'ann@example.com' });
    expect((await fetch(`${url}${prefix}/coats`)).status).toBe(401);
    expect((await fetch(`${url}${prefix}/coats/open`)).status).toBe(200);
    return { mine, unknown: await fetch(`${url}${prefix}/nowhere`) };
  }

  it('sign users in on Fastify', async () => {
    const { unknown } = await use(write('fastify', application), '');
    expect(unknown.status).toBe(404);
  });

  it('harden a server on Fastify', async () => {
    const module = application
      .replace('class AppModule', 'export class AppModule')
      .replace(/\nconst app = [^]+/, '');
    const place = `./${basename(write('app.module', module))}`;
    const { mine, unknown } = await use(
      write('hardened', hardened.replace('./app.module.js', place)),
      '/api/v1',
    );
    expect(mine.headers.get('cache-control')).toBe('no-store');
    expect(mine.headers.get('content-type')).toBe('application/json');
    expect(unknown.status).toBe(401);
  });
});
