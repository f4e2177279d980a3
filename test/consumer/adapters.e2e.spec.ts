import type { AddressInfo } from 'node:net';
import { type IncomingHttpHeaders, request as send } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  type INestApplication,
  type NestApplicationOptions,
  Post,
  Req,
  Res,
  VersioningType,
} from '@nestjs/common';
import { APP_GUARD, HttpAdapterHost, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  AuthGuard,
  CoatcheckModule,
  type CoatcheckOptionsGiven,
  CurrentSession,
  CurrentUser,
  Fresh,
  FreshGuard,
  type HttpRequest,
  type HttpResponse,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  type Session,
  SignInService,
  type User,
  UsersService,
  initiatorOf,
} from 'coatcheck';

const PASSWORD = 'correct horse battery';

/** What a handler uses of a response of Express or a reply of Fastify. */
type AnyResponse = HttpResponse & { header(name: string, value: string): unknown };

@Controller('coats')
class CoatsController {
  constructor(
    private readonly signIns: SignInService,
    private readonly users: UsersService,
  ) {}

  @Get()
  mine(@CurrentUser() user: User, @CurrentSession() session: Session | null) {
    return { owner: user.email, transport: session?.transport ?? null };
  }

  @Get('open')
  @Public()
  open() {
    return { open: true };
  }

  @Get('optional/:id')
  @OptionalAuth()
  optional(@CurrentUser() user: User | null) {
    return { owner: user?.email ?? null };
  }

  @Get('all')
  @Roles('admin')
  all() {
    return [];
  }

  @Post()
  @Fresh('5m', ({ price }) => price !== undefined)
  bring(@Body() body: unknown, @Req() request: { rawBody?: Buffer; principal?: { user: User } }) {
    return {
      body: body ?? null,
      raw: request.rawBody?.toString() ?? null,
      by: request.principal?.user.email,
    };
  }

  @Get('basket')
  basket(@Res({ passthrough: true }) response: AnyResponse) {
    response.header('Set-Cookie', 'basket=1; Path=/');
    return {};
  }

  /** A sign-in of the application, beside a cookie of its own. */
  @Post('magic')
  @Public()
  async magic(@Req() request: HttpRequest, @Res({ passthrough: true }) response: AnyResponse) {
    response.header('Set-Cookie', 'basket=1; Path=/');
    const user = (await this.users.findByEmail('ann@example.com'))!;
    const { session, token } = await this.signIns.signIn(user, { request, response });
    return { user: session.userId === user.id, token, via: initiatorOf(request).via };
  }

  @Get('facts')
  facts(@Req() request: HttpRequest) {
    const { ip, actorId, requestId } = initiatorOf(request);
    return { ip, actor: actorId !== null, requestId };
  }
}

/** A filter as applications have it: it answers refusals in their own words, and knows nothing of a server. */
@Catch(HttpException)
class OwnWords implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: HttpException, { switchToHttp }: ArgumentsHost): void {
    const body = { oops: error.getStatus() };
    this.host.httpAdapter.reply(switchToHttp().getResponse(), body, error.getStatus());
  }
}

interface Setting {
  readonly nest?: NestApplicationOptions;
  readonly options?: CoatcheckOptionsGiven;
  readonly guards?: true;
  readonly change?: (app: INestApplication) => unknown;
}

const GUARDS = [AuthGuard, RolesGuard, FreshGuard].map((guard) => ({
  provide: APP_GUARD,
  useExisting: guard,
}));

const SETTINGS: Readonly<Record<string, Setting>> = {
  'as Nest makes it': {},
  'without body parsers': { nest: { bodyParser: false } },
  'with raw bodies': { nest: { rawBody: true } },
  'with a prefix and versions': {
    change: (app) =>
      app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
  },
  'with a filter of its own': {
    change: (app) => app.useGlobalFilters(new OwnWords(app.get(HttpAdapterHost))),
  },
  'with guards where it names them': { options: { global: false }, guards: true },
};

/** Our routes are at another place with a prefix. */
const PREFIXES: Readonly<Record<string, string>> = { 'with a prefix and versions': '/api/v1' };

type Sent = Readonly<Record<string, string | readonly string[]>>;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const ADAPTERS = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter(),
} as const;

/** Headers that the two frameworks set on the answers of every application, or that change from answer to answer. */
const OF_FRAMEWORKS = new Set([
  'connection',
  'content-length',
  'date',
  'etag',
  'keep-alive',
  'transfer-encoding',
  'x-powered-by',
]);

/** Tokens, ids and times differ from run to run. */
const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/[\w-]{22}\.[\w-]{43}/g, '<token>'],
  [/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, '<id>'],
  [/"id\\?":\\?"[\w-]{22}\\?"/g, '<id>'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'],
  [/on \d{4}-\d\d-\d\d at \d\d:\d\d UTC/g, 'on <time>'],
  [/cursor=[^&>]+/g, 'cursor=<cursor>'],
  [/Expires=[^;]*20\d\d[^;]*/g, 'Expires=<time>'],
];

const settled = (text: string) =>
  CHANGING.reduce((before, [pattern, name]) => before.replaceAll(pattern, name), text);

/** What must be the same on both adapters. */
function essence({ status, headers, body }: Answer) {
  const kept = Object.entries(headers).filter(([name]) => !OF_FRAMEWORKS.has(name) && name !== 'next-cursor');
  return {
    status,
    headers: JSON.parse(settled(JSON.stringify(Object.fromEntries(kept)))),
    body: settled(body),
  };
}

type Answers = Map<string, ReturnType<typeof essence>>;

class Host {
  private constructor(
    readonly app: INestApplication,
    private readonly port: number,
    private readonly prefix: string,
  ) {}

  static async start(
    kind: keyof typeof ADAPTERS,
    { nest, options, guards, change }: Setting,
    prefix: string,
  ): Promise<Host> {
    const module = {
      module: class HostModule {},
      controllers: [CoatsController],
      providers: guards ? GUARDS : [],
      imports: [
        CoatcheckModule.forRoot({
          type: 'session_db_auth,token_auth,basic_auth',
          cookie: { name: 'sid', secure: false },
          storage: { database: 'memory:' },
          allowMemorySessionsInTests: true,
          users: { registration: 'open', passwordCost: 4 },
          trustedOrigins: ['https://app.example.com'],
          ...options,
        }),
      ],
    };
    const app = await NestFactory.create(module, ADAPTERS[kind](), {
      logger: false,
      abortOnError: false,
      ...nest,
    });
    change?.(app);
    await app.listen(0, '127.0.0.1');
    for (const [email, role] of [
      ['ann@example.com', 'user'],
      ['root@example.com', 'admin'],
    ] as const)
      await app.get(UsersService).create({ email, password: PASSWORD, firstName: 'A', lastName: null }, role);
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new Host(app, port, prefix);
  }

  ask(method: string, path: string, headers: Sent = {}, body?: string | Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { port: this.port, host: '127.0.0.1', method, path: this.prefix + path, agent: false };
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const sending = send({ ...options, headers: { ...(headers as Record<string, string>), ...length } });
      sending.on('error', reject).on('response', (response) => {
        text(response).then(
          (body) => resolve({ status: response.statusCode!, headers: response.headers, body }),
          reject,
        );
      });
      sending.end(body);
    });
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };
const ANN = JSON.stringify({ email: 'ann@example.com', password: PASSWORD });
const basic = (email: string, password = PASSWORD) => ({
  authorization: `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}`,
});

/** Asks a host all that matters, and returns the answers by what they are to. */
async function converse(host: Host): Promise<Answers> {
  const answers: Answers = new Map();
  const ask = async (title: string, ...request: Parameters<Host['ask']>) => {
    const answer = await host.ask(...request);
    answers.set(title, essence(answer));
    return answer;
  };
  const login = (title: string, headers: Sent, body: string | Buffer | undefined) =>
    ask(title, 'POST', '/auth_session/login', headers, body);
  const cookieOf = ({ headers }: Answer) =>
    (headers['set-cookie'] ?? []).map((one) => one.split(';', 1)[0]!).join('; ');

  await ask('a handler without a credential', 'GET', '/coats');
  await ask('a public handler', 'GET', '/coats/open');
  await ask('an optional handler', 'GET', '/coats/optional/1');
  await ask('a path that is not there', 'GET', '/nowhere/at/all');
  await ask('our route without a credential', 'GET', '/users/me');
  await ask('our route with an id from the client', 'GET', '/users/me', {
    'x-request-id': 'id-of-the-client',
  });
  await ask('the rules of registration', 'GET', '/registration');
  await ask('the rules of registration, by HEAD', 'HEAD', '/registration');
  for (const [title, headers, body] of [
    ['no body', {}, undefined],
    ['an empty JSON body', JSON_TYPE, undefined],
    ['no type', {}, ANN],
    ['another type', { 'content-type': 'text/plain' }, ANN],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'email=a&password=b'],
    ['XML', { 'content-type': 'application/xml' }, '<a/>'],
    ['a type that is none', { 'content-type': 'json' }, ANN],
    ['two types', { 'content-type': ['application/json', 'text/plain'] }, ANN],
    ['another charset', { 'content-type': 'application/json; charset=latin1' }, ANN],
    ['compression', { ...JSON_TYPE, 'content-encoding': 'gzip' }, ANN],
    ['broken JSON', JSON_TYPE, '{'],
    ['a poisoned prototype', JSON_TYPE, '{"__proto__":{"a":1},"email":"a","password":"b"}'],
    ['an array', JSON_TYPE, '[]'],
    ['a text', JSON_TYPE, '"text"'],
    ['a member twice', JSON_TYPE, '{"email":"a","email":"b","password":"c"}'],
    ['bytes that are not UTF-8', JSON_TYPE, Buffer.from([0x22, 0xff, 0x22])],
    ['20 KiB', JSON_TYPE, JSON.stringify({ email: 'a'.repeat(20_000), password: 'b' })],
    ['2 MiB', JSON_TYPE, JSON.stringify({ email: 'a'.repeat(2_000_000), password: 'b' })],
    ['an unknown field', JSON_TYPE, JSON.stringify({ email: 'a@b.c', password: 'x', admin: true })],
    ['a wrong password', JSON_TYPE, JSON.stringify({ email: 'ann@example.com', password: 'wrong' })],
    ['a type with a parameter', { 'content-type': 'application/json; charset=utf-8' }, ANN],
  ] as const)
    await login(`a login with ${title}`, headers, body);
  await login('a login from another site', { ...JSON_TYPE, origin: 'https://evil.example' }, ANN);
  await login('a login from a trusted origin', { ...JSON_TYPE, origin: 'https://app.example.com' }, ANN);
  const cookie = cookieOf(await login('a login', JSON_TYPE, ANN));
  const me = { cookie };
  const send = { ...me, ...JSON_TYPE };
  await ask('a handler with a cookie', 'GET', '/coats', me);
  await ask('a handler with two cookies of a name', 'GET', '/coats', { cookie: `${cookie}; ${cookie}` });
  await ask('a handler with a forged cookie', 'GET', '/coats', { cookie: 'sid=forged' });
  await ask('an optional handler with a forged cookie', 'GET', '/coats/optional/1', { cookie: 'sid=forged' });
  await ask('a handler for a role that one lacks', 'GET', '/coats/all', me);
  await ask('a handler for a role that one has', 'GET', '/coats/all', basic('root@example.com'));
  await ask(
    'a handler from another site',
    'POST',
    '/coats',
    { ...send, origin: 'https://evil.example' },
    '{}',
  );
  await ask('a handler with a body', 'POST', '/coats', send, '{"colour":"red"}');
  await ask('a handler with a fresh proof', 'POST', '/coats', send, '{"price":1}');
  await ask('a handler that sets a cookie', 'GET', '/coats/basket', me);
  await ask('a sign-in of the application', 'POST', '/coats/magic', JSON_TYPE, '{}');
  await ask('the facts of a request', 'GET', '/coats/facts', me);
  await ask('Basic authentication', 'GET', '/coats', basic('ann@example.com'));
  await ask('a wrong Basic password', 'GET', '/coats', basic('ann@example.com', 'wrong'));
  await ask('me', 'GET', '/users/me', me);
  await ask('a page of sessions', 'GET', '/sessions?limit=1', me);
  await ask('a limit that is none', 'GET', '/sessions?limit=many', me);
  await ask('a limit twice', 'GET', '/sessions?limit=1&limit=2', me);
  await ask('an unknown parameter', 'GET', '/sessions?colour=red', me);
  await ask('a parameter in brackets', 'GET', '/sessions?a[b]=red&limit=1', me);
  await ask('a session that is not there', 'DELETE', '/sessions/none', me);
  await ask('a session with a body', 'DELETE', '/sessions/none', send, '{}');
  await ask('an id of 300 letters', 'GET', `/users/${'a'.repeat(90)}`, basic('root@example.com'));
  await ask('an id with a slash in it', 'GET', '/users/a%2Fb', basic('root@example.com'));
  await ask('users for the administrator', 'GET', '/users?sort=email', basic('root@example.com'));
  await ask('users for others', 'GET', '/users', me);
  await ask(
    'a registration',
    'POST',
    '/users',
    JSON_TYPE,
    JSON.stringify({ email: 'new@example.com', password: PASSWORD }),
  );
  await ask(
    'the same registration',
    'POST',
    '/users',
    JSON_TYPE,
    JSON.stringify({ email: 'new@example.com', password: PASSWORD }),
  );
  await ask(
    'a short password',
    'POST',
    '/users',
    JSON_TYPE,
    JSON.stringify({ email: 'b@example.com', password: 'x' }),
  );
  const bearer = await login(
    'a login for a bearer token',
    JSON_TYPE,
    JSON.stringify({ email: 'ann@example.com', password: PASSWORD, transport: 'bearer' }),
  );
  const authorization = `Bearer ${(JSON.parse(bearer.body) as { token: string }).token}`;
  await ask('a handler with a bearer token', 'GET', '/coats', { authorization });
  await ask(
    'a bearer token from another site',
    'POST',
    '/coats',
    { ...JSON_TYPE, authorization, origin: 'https://evil.example' },
    '{}',
  );
  await ask('a wrong bearer token', 'GET', '/coats', { authorization: 'Bearer wrong' });
  await ask(
    'an access token',
    'POST',
    '/access_tokens',
    { ...JSON_TYPE, authorization },
    JSON.stringify({
      label: 'CI',
      scope: 'read',
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
    }),
  );
  await ask(
    'a confirmation',
    'POST',
    '/sessions/current/reauthenticate',
    send,
    JSON.stringify({ password: 'wrong' }),
  );
  const renewed = await ask(
    'a right confirmation',
    'POST',
    '/sessions/current/reauthenticate',
    send,
    JSON.stringify({ password: PASSWORD }),
  );
  const again = { ...JSON_TYPE, cookie: cookieOf(renewed) };
  await ask('the replaced cookie', 'GET', '/coats', me);
  const change = JSON.stringify({ current_password: PASSWORD, new_password: 'another horse battery' });
  const changed = await ask('another password', 'PUT', '/users/me/password', again, change);
  await ask('a session of the old password', 'GET', '/coats', { cookie: cookieOf(renewed) });
  await ask('a logout', 'DELETE', '/auth_session/logout', { cookie: cookieOf(changed) });
  await ask('a logout again', 'DELETE', '/auth_session/logout', { cookie: cookieOf(changed) });
  for (let attempt = 0; attempt < 12; attempt += 1)
    await login(
      `failed login ${attempt}`,
      JSON_TYPE,
      JSON.stringify({ email: 'root@example.com', password: 'wrong' }),
    );
  return answers;
}

const BODIES = /^a login with /;

/** Fastify parses JSON of itself, and Express does not. */
const BY_FASTIFY = new Set([
  'a handler with a body',
  'a handler with a fresh proof',
  'a bearer token from another site',
]);

describe.each(Object.entries(SETTINGS))('An application %s', (name, setting) => {
  const hosts: Host[] = [];
  const answers: Answers[] = [];

  beforeAll(async () => {
    const withoutParsers = { ...setting, nest: { ...setting.nest, bodyParser: false } };
    const prefix = PREFIXES[name] ?? '';
    hosts.push(
      await Host.start('express', setting, prefix),
      await Host.start('express', withoutParsers, prefix),
      await Host.start('fastify', setting, prefix),
    );
    for (const host of hosts) answers.push(await converse(host));
  });

  afterAll(() => Promise.all(hosts.map(({ app }) => app.close())));

  /** The answers that differ, of both. */
  const compared = (one: Answers, other: Answers, isMeant: (title: string) => boolean) => {
    const titles = [...one.keys()].filter(isMeant);
    expect(titles.length).toBeGreaterThan(20);
    const different = titles.filter(
      (title) => JSON.stringify(one.get(title)) !== JSON.stringify(other.get(title)),
    );
    return [one, other].map((all) => different.map((title) => [title, all.get(title)]));
  };

  it('answers on Fastify as on Express', () => {
    const [express, , fastify] = answers;
    const [expected, actual] = compared(
      express!,
      fastify!,
      (title) => !BODIES.test(title) && (name !== 'without body parsers' || !BY_FASTIFY.has(title)),
    );
    expect(actual).toEqual(expected);
  });

  it('judges the bodies of our routes itself on Fastify, as on Express without a parser', () => {
    const [, express, fastify] = answers;
    const [expected, actual] = compared(express!, fastify!, (title) => BODIES.test(title));
    expect(actual).toEqual(expected);
  });
});
