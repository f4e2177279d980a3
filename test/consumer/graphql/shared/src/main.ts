import 'reflect-metadata';
import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SessionStore, UserStore, UsersService } from 'coatcheck';
import { AppModule } from './app.module.js';
import { watch } from './stores.js';

const PASSWORD = 'several unrelated words 9';

async function main(): Promise<void> {
  const options: NestApplicationOptions = { logger: ['error'], abortOnError: false };
  const app =
    process.env['DRIVER'] === 'mercurius'
      ? await NestFactory.create(AppModule, new FastifyAdapter(), options)
      : await NestFactory.create(AppModule, options);
  await app.listen(0, '127.0.0.1');
  if (!process.env['DATABASE']) await createPeople(app);
  for (const store of [SessionStore, UserStore]) watch(app.get(store, { strict: false }));
  console.log(`ready at ${await app.getUrl()}`);
}

async function createPeople(app: INestApplication): Promise<void> {
  const person = { password: PASSWORD, firstName: null, lastName: null };
  await app.get(UsersService).create({ email: 'ann@example.com', ...person }, 'admin');
  await app.get(UsersService).create({ email: 'bob@example.com', ...person }, 'user');
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
