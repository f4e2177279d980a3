import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { INestApplication, ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Clock, MailOptions, Mailer, UsersService } from 'coatcheck';
import { ALX_RULES, AlxAppModule, configureAlxApp } from 'coatcheck/alx';
import { AppModule, type Config, configureApp, loadConfig, newAdapter } from 'coatcheck/server';
import { FakeClock } from 'coatcheck/testing';
import type { Metrics } from '../../src/server/metrics/metrics.js';
import { Connections } from '../../src/storage/connections.js';
import { ADAPTER, newFolder } from './server.js';

export const PASSWORD = 'correct horse battery';

/** The variables of an application whose mails the test receives: the mail server is never asked. */
export const MAILS = {
  MAIL_URL: 'smtp://127.0.0.1:9',
  MAIL_FROM: 'Example <no-reply@example.com>',
  PUBLIC_URL: 'https://app.example.com',
};

/** The whole application in this process, on a free port, with a clock that the test moves. */
export class TestApp {
  private constructor(
    readonly nest: INestApplication,
    readonly clock: FakeClock,
    readonly root: string,
    private readonly prefix: string,
  ) {}

  static async start(
    variables: Readonly<Record<string, string>> = {},
    extra: Pick<ModuleMetadata, 'controllers' | 'imports'> = {},
    {
      httpsOptions,
      mailer = null,
      metrics = null,
    }: Pick<NestApplicationOptions, 'httpsOptions'> & {
      mailer?: Mailer | null;
      metrics?: Metrics | null;
    } = {},
  ): Promise<TestApp> {
    const config = loadConfig(
      {
        PASSWORD_HASH_COST: '4',
        DATABASE_URL: newDatabase(),
        ...(mailer ? MAILS : { MAIL_URL: 'off' }),
        ...ADAPTER,
        ...variables,
      },
      { compat: { alx: ALX_RULES } },
    );
    const isAlx = config.compat === 'alx';
    const clock = new FakeClock();
    const server = (isAlx ? AlxAppModule : AppModule).forRoot(quick(config));
    const building = Test.createTestingModule({
      ...extra,
      imports: [metrics?.around(server) ?? server, ...(extra.imports ?? [])],
    })
      .overrideProvider(Clock)
      .useValue(clock);
    if (mailer) building.overrideProvider(Mailer).useValue(mailer);
    const module = await building.compile();
    const adapter = await newAdapter(config.http.adapter);
    const nest = module.createNestApplication(adapter, { logger: false, httpsOptions });
    (isAlx ? configureAlxApp : configureApp)(nest, config.http);
    metrics?.watch(nest, config.http.prefix);
    await nest.listen(0, '127.0.0.1');
    const { port } = nest.getHttpServer().address() as AddressInfo;
    return new TestApp(nest, clock, `http${httpsOptions ? 's' : ''}://127.0.0.1:${port}`, config.http.prefix);
  }

  /** Adds a user by the back door. */
  async addUser(email: string, role = 'user', password = PASSWORD) {
    return this.nest.get(UsersService).create({ email, password, firstName: null, lastName: null }, role);
  }

  /** A visitor, who keeps the token they are given, a cookie until it is taken back. */
  visitor(headers: Readonly<Record<string, string>> = {}): Visitor {
    return new Visitor(this.root + this.prefix, headers);
  }

  /** Takes the stores away, as a broken disk would. */
  closeStores(): Promise<void> {
    return this.nest.get(Connections).onApplicationShutdown();
  }

  /** Without the half second that a server waits for requests on open connections: a test has had its answers. */
  stop(): Promise<void> {
    this.nest.getHttpServer().closeIdleConnections();
    return this.nest.close();
  }
}

/** The same configuration, whose mails do not wait. */
function quick(config: Config): Config {
  return { ...config, mail: config.mail && new MailOptions({ ...config.mail, delay: 0 }) };
}

export function newDatabase(): string {
  return `sqlite:${join(newFolder(), 'coatcheck.db')}`;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The path of the next page, as the `Link` header leads there from this one; null where there is none. */
  readonly next: string | null;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects to be there
  readonly body: any;
}

/** A client of the API over HTTP. */
export class Visitor {
  cookie: string | null = null;
  /** What goes along as `Authorization: Bearer`; null for nothing. */
  bearer: string | null = null;
  /** The cookies of second steps and of sign-ins with a passkey, by their names. */
  readonly steps = new Map<string, string>();

  constructor(
    private readonly base: string,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.send('POST', path, body);
  }

  put(path: string, body?: unknown): Promise<Answer> {
    return this.send('PUT', path, body);
  }

  delete(path: string): Promise<Answer> {
    return this.send('DELETE', path);
  }

  /** A body that is an object goes as JSON, anything else as it is. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const isJson =
      typeof body === 'object' && !(body instanceof URLSearchParams) && !(body instanceof FormData);
    const response = await fetch(this.base + path, {
      method,
      body: isJson ? JSON.stringify(body) : (body as string | undefined),
      headers: {
        ...this.headers,
        ...(isJson && { 'content-type': 'application/json' }),
        ...this.#cookies(),
        ...(this.bearer !== null && { authorization: `Bearer ${this.bearer}` }),
        ...headers,
      },
    });
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie);
    const text = await response.text();
    const answer: Answer = {
      status: response.status,
      headers: response.headers,
      next: this.#nextOf(response),
      body: text === '' ? null : parse(text),
    };
    // An access token is for a program.
    if (path !== '/access_tokens' && typeof answer.body?.token === 'string') this.bearer = answer.body.token;
    return answer;
  }

  #cookies(): { cookie?: string } {
    const all = [...(this.cookie === null ? [] : [this.cookie]), ...this.steps.values()];
    return all.length === 0 ? {} : { cookie: all.join('; ') };
  }

  #keep(cookie: string): void {
    const [, pair, name] = /^(([^=]+)=[^;]*)/.exec(cookie)!;
    const isTakenBack = cookie.includes('; Expires=Thu, 01 Jan 1970');
    if (!/_(pending|passkey)$/.test(name!)) this.cookie = isTakenBack ? null : pair!;
    else if (isTakenBack) this.steps.delete(name!);
    else this.steps.set(name!, pair!);
  }

  #nextOf({ headers, url }: Response): string | null {
    const [, target] = /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '') ?? [];
    if (target === undefined) return null;
    const next = new URL(target, url).href;
    if (!next.startsWith(`${this.base}/`)) throw new Error(`${next} is not below ${this.base}.`);
    return next.slice(this.base.length);
  }

  login(email: string, password = PASSWORD, wish: object = {}): Promise<Answer> {
    return this.post('/auth_session/login', { email, password, ...wish });
  }
}

/** The header of HTTP Basic authentication. */
export function basic(email: string, password = PASSWORD): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}` };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
