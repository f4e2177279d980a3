import 'reflect-metadata';
import type { NestApplicationOptions } from '@nestjs/common';
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
  const person = { password: PASSWORD, firstName: null, lastName: null };
  await app.get(UsersService).create({ email: 'ann@example.com', ...person }, 'admin');
  await app.get(UsersService).create({ email: 'bob@example.com', ...person }, 'user');
  for (const store of [SessionStore, UserStore]) watch(app.get(store, { strict: false }));
  console.log(`ready at ${await app.getUrl()}`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
