/** Signs in, is recognised and signs out, on the adapter that a variable names; prints the statuses, and whether `require` and `import` give one class. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { Auth } from 'coatcheck';
import { AppModule } from './app.module.js';

const PERSON = { email: 'ann@example.com', password: 'several unrelated words 9' };

interface Platform {
  readonly ExpressAdapter?: new () => AbstractHttpAdapter;
  readonly FastifyAdapter?: new () => AbstractHttpAdapter;
}

async function main(): Promise<void> {
  const load = createRequire(join(process.cwd(), 'package.json'));
  const required = load('coatcheck') as { Auth: unknown };
  const imported = await import('coatcheck');
  const { FastifyAdapter, ExpressAdapter } = load(
    `@nestjs/platform-${process.env.ADAPTER ?? 'express'}`,
  ) as Platform;
  const adapter = new (FastifyAdapter ?? ExpressAdapter)!();
  const app = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const post = (path: string, body: object) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const made = await post('/users', PERSON);
  const refused = await post('/auth_session/login', { ...PERSON, password: 'some other words' });
  const login = await post('/auth_session/login', PERSON);
  const headers = { Cookie: (login.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '' };
  const mine = () => fetch(`${url}/users/me`, { headers });
  const known = await mine();
  const logout = await fetch(`${url}/auth_session/logout`, { method: 'DELETE', headers });
  const unknown = await mine();
  await app.close();
  const answers = [made, refused, login, known, logout, unknown];
  const result = {
    statuses: answers.map(({ status }) => status),
    type: unknown.headers.get('content-type'),
    isSame: required.Auth === Auth && imported.Auth === Auth,
  };
  process.stdout.write(JSON.stringify(result));
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
