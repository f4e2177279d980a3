import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  type INestApplication,
  Injectable,
  Module,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { NestFactory } from '@nestjs/core';
import bcrypt from 'bcrypt';
import {
  AuthGuard,
  CoatcheckModule,
  type CoatcheckOptionsGiven,
  CredentialVerifier,
  CurrentUser,
  OptionalAuth,
  Public,
  type PasswordAttempt,
  SignInService,
  UserDirectory,
  type UsersOptionsGiven,
} from 'coatcheck';
import { BcryptPasswordHasher } from '../../src/users/passwords/bcrypt.password-hasher.js';

const PASSWORD = 'correct horse battery staple';
const ANN = { id: 7, name: 'ann', hash: bcrypt.hashSync(PASSWORD, 4) };
type Ann = typeof ANN;
const TIMEOUT = 150;

/** The methods that never answer now. */
const hanging = new Set<string>();
/** What happens during each verification. */
let duringVerification = async () => {};
let verifications = 0;

async function answer<T>(method: string, value: T): Promise<T> {
  return hanging.has(method) ? new Promise<never>(() => {}) : value;
}

@Injectable()
class AnnDirectory extends UserDirectory<Ann> {
  findById(id: string) {
    return answer('findById', id === '7' ? ANN : null);
  }

  findByLogin(login: string) {
    return answer('findByLogin', login === 'ann' ? ANN : null);
  }

  account({ id, name }: Ann) {
    return { id: String(id), login: name, roles: [], disabled: false };
  }

  override legacyHash({ hash }: Ann) {
    return hash;
  }
}

@Injectable()
class AnnVerifier extends CredentialVerifier<Ann> {
  async verify({ password, user }: PasswordAttempt<Ann>) {
    verifications += 1;
    await duringVerification();
    return answer('verify', password === PASSWORD ? user : null);
  }
}

@Controller()
class PlaceController {
  constructor(private readonly signIns: SignInService) {}

  @Get('guarded')
  @UseGuards(AuthGuard)
  guarded() {
    return {};
  }

  /** As of a link in an e-mail. */
  @Get('link')
  @Public()
  async link(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    await this.signIns.signIn(ANN as never, { request, response });
    return {};
  }

  @Get('mine')
  mine() {
    return {};
  }

  @Get('open')
  @OptionalAuth()
  open(@CurrentUser() user: object | null) {
    return { anonymous: user === null };
  }
}

async function open(
  users: UsersOptionsGiven,
  timeout = TIMEOUT,
  more: Pick<CoatcheckOptionsGiven, 'global' | 'routes'> = {},
): Promise<INestApplication> {
  @Module({
    imports: [
      CoatcheckModule.forRoot({
        type: ['session_exp_auth', 'basic_auth'],
        storage: { database: 'memory:', timeout },
        cookie: { name: 'sid', secure: false },
        users: { directory: AnnDirectory, ...users },
        ...more,
      }),
    ],
    controllers: [PlaceController],
  })
  class PlaceModule {}
  const app = await NestFactory.create(PlaceModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  return app;
}

async function ask(app: INestApplication, path: string, headers: Record<string, string> = {}, body?: object) {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const [cookie = ''] = response.headers.getSetCookie().map((one) => one.split(';', 1)[0]!);
  const { code } = Object(await response.json()) as { code?: string };
  return { status: response.status, code, cookie };
}

const login = (app: INestApplication, password = PASSWORD) =>
  ask(app, '/auth_session/login', {}, { login: 'ann', password });
const basic = (password = PASSWORD) => ({
  authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`,
});
const UNAVAILABLE = { status: 503, code: 'store_unavailable' };

beforeEach(() => {
  hanging.clear();
  duringVerification = async () => {};
});

describe('A directory that never answers', () => {
  let app: INestApplication;
  let cookie: string;

  beforeAll(async () => {
    app = await open({});
    ({ cookie } = await login(app));
  });
  afterAll(() => app.close());

  it('in findById is a 503 for a session, also on a route for everybody', async () => {
    hanging.add('findById');
    for (const path of ['/mine', '/open', '/sessions/current'])
      expect(await ask(app, path, { cookie })).toMatchObject(UNAVAILABLE);
    hanging.clear();
    expect((await ask(app, '/mine', { cookie })).status).toBe(200);
  });

  it('in findByLogin is a 503 at sign-in, for Basic, and for a confirmation', async () => {
    hanging.add('findByLogin');
    expect(await login(app)).toMatchObject(UNAVAILABLE);
    for (const path of ['/mine', '/open']) expect(await ask(app, path, basic())).toMatchObject(UNAVAILABLE);
    const confirmed = ask(app, '/sessions/current/reauthenticate', { cookie }, { password: PASSWORD });
    expect(await confirmed).toMatchObject(UNAVAILABLE);
    hanging.clear();
    expect((await login(app)).status).toBe(200);
  });
});

describe('A verifier that never answers', () => {
  it.each<[string, UsersOptionsGiven, number]>([
    ['the timeout of the stores', {}, TIMEOUT],
    ['its own timeout', { timeout: TIMEOUT }, 60_000],
  ])('is a 503 after %s, and counts as no failed attempt', async (_, more, timeout) => {
    const app = await open({ credentialVerifier: AnnVerifier, ...more }, timeout);
    hanging.add('verify');
    for (let tries = 0; tries < 6; tries += 1) expect(await login(app)).toMatchObject(UNAVAILABLE);
    expect(await ask(app, '/open', basic())).toMatchObject(UNAVAILABLE);
    hanging.clear();
    expect((await login(app)).status).toBe(200);
    await app.close();
  });

  it('has a user who is deactivated in the meantime get no session that is valid', async () => {
    const app = await open({ credentialVerifier: AnnVerifier });
    duringVerification = () => app.get(SignInService).deactivateUser('7');
    const { status, cookie } = await login(app);
    expect(status).toBe(200);
    expect((await ask(app, '/mine', { cookie })).status).toBe(401);
    await app.close();
  });
});

describe('A sign-in during which the user is deactivated', () => {
  class SlowHasher extends BcryptPasswordHasher {
    override async verify(...args: Parameters<BcryptPasswordHasher['verify']>) {
      const isRight = await super.verify(...args);
      await duringVerification();
      return isRight;
    }
  }

  it('with a stored hash gives no session that is valid', async () => {
    const app = await open({ passwordHasher: new SlowHasher({ cost: 4, pepper: null }) });
    duringVerification = () => app.get(SignInService).deactivateUser('7');
    const { cookie } = await login(app);
    expect((await ask(app, '/mine', { cookie })).status).toBe(401);
    expect((await ask(app, '/mine', basic())).status).toBe(200);
    duringVerification = async () => {};
    expect((await ask(app, '/mine', { cookie: (await login(app)).cookie })).status).toBe(200);
    await app.close();
  });
});

describe('A directory in an application', () => {
  it('with global: false is asked only where the guard is', async () => {
    const app = await open({}, TIMEOUT, { global: false });
    const { cookie } = await login(app);
    hanging.add('findById');
    expect((await ask(app, '/mine', { cookie })).status).toBe(200);
    expect(await ask(app, '/guarded', { cookie })).toMatchObject(UNAVAILABLE);
    hanging.clear();
    expect((await ask(app, '/guarded', { cookie })).status).toBe(200);
    for (const path of ['/guarded', '/sessions']) expect((await ask(app, path)).status).toBe(401);
    await app.close();
  });

  it('with routes: false has its users signed in by the application', async () => {
    const app = await open({}, TIMEOUT, { routes: false });
    for (const path of ['/auth_session/login', '/password/reset'])
      expect((await ask(app, path, {}, { login: 'ann', password: PASSWORD })).status).toBe(404);
    const { status, cookie } = await ask(app, '/link');
    expect(status).toBe(200);
    expect((await ask(app, '/mine', { cookie })).status).toBe(200);
    expect((await ask(app, '/mine', basic())).status).toBe(200);
    expect((await ask(app, '/mine')).status).toBe(401);
    await app.get(SignInService).deactivateUser('7');
    expect((await ask(app, '/mine', { cookie })).status).toBe(401);
    await app.close();
  });
});

describe('Basic with a verifier', () => {
  let app: INestApplication;

  beforeAll(async () => {
    app = await open({ credentialVerifier: AnnVerifier });
  });
  afterAll(() => app.close());

  const statusOf = async (password?: string) => (await ask(app, '/mine', basic(password))).status;

  it('asks once for several requests, again after the user is deactivated, and for each wrong one', async () => {
    verifications = 0;
    for (let times = 0; times < 3; times += 1) expect(await statusOf()).toBe(200);
    expect(verifications).toBe(1);
    await app.get(SignInService).deactivateUser('7');
    expect(await statusOf()).toBe(200);
    expect(verifications).toBe(2);
    for (let times = 0; times < 2; times += 1) expect(await statusOf('wrong')).toBe(401);
    expect(verifications).toBe(4);
  });
});
