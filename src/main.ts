#!/usr/bin/env node
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { loadConfig } from './config/load-config.js';
import { createApp } from './configure-app.js';
import { PinoLogger } from './logging/pino.logger.js';
import { withoutSecrets } from './storage/storage-options.js';
import { RegistrationDesk } from './users/registration-desk.js';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = new PinoLogger({ level: config.logLevel, production: config.production });
  const app = await createApp(AppModule.forRoot(config), config.http, { logger, abortOnError: false });
  await app.listen(config.port, config.host);
  if (config.auth.dialect.name === 'alx') {
    logger.warn(
      'AUTH_COMPAT=alx serves an old contract: it tells strangers which addresses have accounts.',
      'Main',
    );
  }
  const url = addressOf(app.getHttpServer().address() as AddressInfo);
  const ready = `Coatcheck is ready at ${url} (${describe(config)})`;
  const isWaiting = await app.get(RegistrationDesk).isWaitingForTheFirst();
  console.log(isWaiting ? `${ready}\n${nextStep(config, url)}` : ready);
}

/** Where this machine reaches the server, which may listen on all of its addresses. */
function addressOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function describe({ auth, storage }: Config): string {
  const strategy = auth.types.join(' then ') || 'auth';
  const users = withoutSecrets(storage.database);
  const sessions =
    storage.sessions === storage.database ? '' : `, sessions in ${withoutSecrets(storage.sessions)}`;
  return `${strategy}, users in ${users}${sessions}`;
}

function nextStep({ http, users }: Config, url: string): string {
  const body = {
    email: 'you@example.com',
    password: 'a long password of yours'.padEnd(users.passwordMinLength, '.'),
    ...(users.setupCode !== null && { setup_code: users.setupCode }),
  };
  return [
    'There are no users yet. This makes the first one, an administrator:',
    `  curl -X POST '${url}${http.prefix}/users' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`,
  ].join('\n');
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
