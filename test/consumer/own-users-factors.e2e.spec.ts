import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { Controller, type INestApplication, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import bcrypt from 'bcrypt';
import {
  type Account,
  CoatcheckModule,
  type CoatcheckOptionsGiven,
  CurrentExchange,
  FactorResetService,
  type HttpExchange,
  Public,
  SignInService,
  UserDirectory,
} from 'coatcheck';
import { Secret, TOTP } from 'otpauth';

const PASSWORD = 'correct horse battery staple';
const ANN = { id: 7, name: 'ann', hash: bcrypt.hashSync(PASSWORD, 4), isDisabled: false, isDeleted: false };

/** A user of the application, with a number as its id and a name as its login. */
type Person = typeof ANN;

class Directory extends UserDirectory<Person> {
  override async findById(id: string) {
    return id === '7' && !ANN.isDeleted ? ANN : null;
  }

  override async findByLogin(login: string) {
    return login === 'ann' ? ANN : null;
  }

  override account({ id, name, isDisabled }: Person): Account {
    return { id: String(id), login: name, roles: ['staff'], disabled: isDisabled };
  }

  override legacyHash({ hash }: Person): string {
    return hash;
  }
}

/** Signs in by a link, as applications do. */
@Controller('links')
class LinksController {
  constructor(private readonly signIns: SignInService) {}

  @Post()
  @Public()
  async open(@CurrentExchange() exchange: HttpExchange) {
    await this.signIns.signIn(ANN as never, exchange);
    return { name: 'ann' };
  }
}

const apps: INestApplication[] = [];

afterEach(async () => {
  ANN.isDisabled = false;
  ANN.isDeleted = false;
  for (const app of apps.splice(0)) await app.close();
});

const factors = { service: 'Example', key: 'a-key-of-factors-with-32-characters' };
const made: CoatcheckOptionsGiven = {
  storage: { database: 'memory:' },
  cookie: { name: 'sid', secure: false },
};

async function start(module: ReturnType<typeof CoatcheckModule.forRoot>) {
  @Module({ imports: [module], controllers: [LinksController] })
  class HostModule {}
  const app = await NestFactory.create(HostModule, { logger: false, abortOnError: false });
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const jar = new Map<string, string>();
  const send = async (method: string, path: string, body?: object) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects to be there
    return { status: response.status, body: (await response.json()) as any };
  };
  return { app, jar, send };
}

const users = { directory: Directory as never, passwordCost: 4 };
const type = 'session_auth';

it.each([
  ['forRoot', () => CoatcheckModule.forRoot({ type, ...made, users, factors })],
  [
    'forRootAsync',
    () =>
      CoatcheckModule.forRootAsync({
        type,
        factors: true,
        users: { directory: Directory },
        useFactory: () => ({ ...made, users: { passwordCost: 4 }, factors }),
      }),
  ],
])('Users of an application have second factors, by %s', async (_, module) => {
  const { app, jar, send } = await start(module());
  const login = { login: 'ann', password: PASSWORD };
  expect(await send('POST', '/auth_session/login', login)).toMatchObject({ status: 200 });
  const { secret, uri } = (await send('POST', '/factors/totp')).body;
  expect(uri).toContain('otpauth://totp/Example:ann?');
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  const confirmed = await send('POST', '/factors/totp/confirm', { code: totp.generate() });
  expect(confirmed).toMatchObject({ status: 200, body: { recovery_codes: expect.any(Array) } });
  expect((await send('GET', '/factors')).body).toMatchObject({ totp: { created_at: expect.any(String) } });

  // A sign-in by the application's own code gets the second step, too, without a change of that code.
  jar.clear();
  expect(await send('POST', '/links')).toMatchObject({
    status: 403,
    body: { code: 'second_factor_required', factors: ['totp', 'recovery_code'] },
  });
  expect((await send('GET', '/factors')).status).toBe(401);
  const [code] = confirmed.body.recovery_codes;
  ANN.isDisabled = true;
  expect(await send('POST', '/auth_session/second_step', { recovery_code: code })).toMatchObject({
    status: 400,
    body: { code: 'sign_in_expired' },
  });
  ANN.isDisabled = false;
  expect(await send('POST', '/auth_session/second_step', { recovery_code: code })).toMatchObject({
    status: 200,
    body: { id: '7', login: 'ann' },
  });
  expect((await send('GET', '/sessions/current')).body.session.proofs).toEqual({
    application: expect.any(String),
    recovery_code: expect.any(String),
  });

  expect(await app.get(FactorResetService).reset('7')).toBe(true);
  jar.clear();
  expect((await send('POST', '/auth_session/login', login)).status).toBe(200);
});

it('The factors of a user whom the application has deleted can be removed, so that the next one of the id has none', async () => {
  const { app, jar, send } = await start(CoatcheckModule.forRoot({ type, ...made, users, factors }));
  const login = { login: 'ann', password: PASSWORD };
  await send('POST', '/auth_session/login', login);
  const { secret } = (await send('POST', '/factors/totp')).body;
  const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
  expect((await send('POST', '/factors/totp/confirm', { code })).status).toBe(200);
  ANN.isDeleted = true;
  const resets = app.get(FactorResetService);
  expect(await resets.reset('7')).toBe(true);
  await expect(resets.reset('7')).rejects.toMatchObject({ code: 'not_found' });
  ANN.isDeleted = false;
  jar.clear();
  expect((await send('POST', '/auth_session/login', login)).status).toBe(200);
});

it('An application without the option has no route and no step of factors', async () => {
  const { send } = await start(CoatcheckModule.forRoot({ type, ...made, users }));
  expect((await send('POST', '/links')).status).toBe(201);
  expect((await send('GET', '/factors')).status).toBe(404);
  expect((await send('POST', '/auth_session/second_step', { code: '123456' })).status).toBe(404);
});

it('The start fails if the factory and the choice beside it differ', async () => {
  const given = { type, users: { directory: Directory as never } } as const;
  for (const [chosen, returned] of [
    [true, made],
    [false, { ...made, factors }],
  ] as const)
    await expect(
      start(CoatcheckModule.forRootAsync({ ...given, factors: chosen, useFactory: () => returned })),
    ).rejects.toThrow(`factors: give ${String(!chosen)} beside useFactory`);
});
