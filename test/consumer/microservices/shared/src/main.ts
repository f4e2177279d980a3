/** Sends each message with each credential, and prints what came of it. */
import 'reflect-metadata';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  type MicroserviceOptions,
  NatsRecordBuilder,
  Transport,
} from '@nestjs/microservices';
import { SessionStore, SignInService, StoreUnavailableError, UsersService } from 'coatcheck';
import { lastValueFrom, timeout } from 'rxjs';
import { AppModule, events, pattern } from './app.module.js';
import { headers } from './headers.js';

const { TRANSPORT = 'tcp', MODE = 'hybrid', PORT = '0', BROKER = '' } = process.env;
const PASSWORD = 'several unrelated words 9';

const options = {
  tcp: { transport: Transport.TCP, options: { host: '127.0.0.1', port: Number(PORT) } },
  redis: {
    transport: Transport.REDIS,
    options: { host: BROKER.split(':')[0], port: Number(BROKER.split(':')[1]) },
  },
  nats: { transport: Transport.NATS, options: { servers: [BROKER] } },
}[TRANSPORT] as MicroserviceOptions;

const quiet = { logger: false, abortOnError: false } as const;

async function start(): Promise<INestApplicationContext & { close(): Promise<void> }> {
  if (MODE === 'alone') {
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
      ...quiet,
      ...options,
    });
    await app.listen();
    return app;
  }
  const app = await NestFactory.create(AppModule, quiet);
  app.connectMicroservice<MicroserviceOptions>(options, { inheritAppConfig: MODE === 'inherit' });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return app;
}

/** A session token. */
async function signIn(app: INestApplicationContext, login: string, remember = false): Promise<string> {
  const request = new IncomingMessage(new Socket());
  const exchange = { request, response: new ServerResponse(request) };
  const signed = await app
    .get(SignInService)
    .signInWithPassword({ login, password: PASSWORD }, exchange, { transport: 'bearer', remember });
  if (signed.outcome !== 'signed_in' || !signed.token) throw new Error(signed.outcome);
  return `Bearer ${signed.token.reveal()}`;
}

async function main(): Promise<void> {
  const app = await start();
  const person = { password: PASSWORD, firstName: null, lastName: null };
  await app.get(UsersService).create({ email: 'ann@example.com', ...person }, 'admin');
  await app.get(UsersService).create({ email: 'bob@example.com', ...person }, 'user');
  const credentials: Record<string, string | null> = {
    anonymous: null,
    ann: await signIn(app, 'ann@example.com'),
    bob: await signIn(app, 'bob@example.com'),
    expired: await signIn(app, 'bob@example.com', true),
    wrong: 'Bearer wrong',
    basic: `Basic ${btoa(`ann@example.com:${PASSWORD}`)}`,
  };
  await new Promise((resolve) => setTimeout(resolve, 1100));

  const client = ClientProxyFactory.create(options as Parameters<typeof ClientProxyFactory.create>[0]);
  await client.connect();
  const messageOf = (data: object, authorization: string | null): unknown => {
    if (TRANSPORT !== 'nats') return { ...data, ...(authorization !== null && { authorization }) };
    const all = headers();
    if (authorization !== null) all.set('authorization', authorization);
    return new NatsRecordBuilder(data).setHeaders(all).build();
  };
  const send = (name: string, authorization: string | null, data = {}): Promise<unknown> =>
    lastValueFrom(
      client.send<unknown, unknown>(pattern(name), messageOf(data, authorization)).pipe(timeout(5000)),
    ).then(
      () => 'ok',
      (error: object) => ('code' in error ? error.code : error),
    );

  const outcomes: Record<string, unknown> = {};
  for (const [who, authorization] of Object.entries(credentials)) {
    for (const name of ['open', 'greeting', 'me', 'byRole', 'fresh'])
      outcomes[`${name} ${who}`] = await send(name, authorization, { all: false });
    outcomes[`fresh all ${who}`] = await send('fresh', authorization, { all: true });
    for (const name of ['sold', 'seen'])
      await lastValueFrom(client.emit(pattern(name), messageOf({}, authorization)), { defaultValue: null });
  }
  const problem = await lastValueFrom(
    client.send(pattern('me'), messageOf({}, null)).pipe(timeout(5000)),
  ).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const handled = [...events].sort();

  const store = app.get(SessionStore, { strict: false }) as unknown as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(store)))
    if (name !== 'constructor') store[name] = () => Promise.reject(new StoreUnavailableError());
  outcomes['me without store'] = await send('me', credentials['ann']!);
  outcomes['greeting without store'] = await send('greeting', credentials['ann']!);
  await client.close();
  await app.close();
  process.stdout.write(JSON.stringify({ outcomes, events: handled, problem }));
}

main().then(
  () => process.exit(),
  (error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
