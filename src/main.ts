#!/usr/bin/env node
import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { loadConfig } from './config/load-config.js';
import { createApp } from './configure-app.js';
import { PinoLogger } from './logging/pino.logger.js';
import { OpeningError } from './storage/connections.js';
import { withoutSecrets } from './storage/storage-options.js';
import { RegistrationDesk } from './users/registration-desk.js';
import { Workers } from './workers.js';

const STORE_VARIABLES = { database: 'DATABASE_URL', sessions: 'SESSION_STORE_URL' } as const;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = await PinoLogger.open({ level: config.logLevel, production: config.production });
  if (cluster.isWorker) {
    process.send?.(await serve(config, logger));
    return;
  }
  if (config.auth.dialect.name === 'alx') {
    logger.warn(
      'AUTH_COMPAT=alx serves an old contract: it tells strangers which addresses have accounts.',
      'Main',
    );
  }
  if (!config.users.throttle.enabled)
    logger.warn('AUTH_THROTTLE=off lets strangers guess passwords without end.', 'Main');
  const ready = await (config.workers > 1 ? supervise(config, logger) : serve(config, logger));
  console.log(bannerOf(config, ready));
}

/** Where a server listens, and whether it waits for its first user. */
interface Ready {
  readonly url: string;
  readonly isWaiting: boolean;
}

async function serve(config: Config, logger: PinoLogger): Promise<Ready> {
  const app = await createApp(AppModule.forRoot(config), config.http, { logger, abortOnError: false });
  await app.listen(config.port, config.host).catch(({ message }: Error) => {
    throw new Error(`Cannot listen where API_HOST and API_PORT say: ${message}`);
  });
  const url = addressOf(app.getHttpServer().address() as AddressInfo);
  return { url, isWaiting: await app.get(RegistrationDesk).isWaitingForTheFirst() };
}

/** Has workers listen, and looks after them: SIGHUP replaces them one by one, SIGTERM and SIGINT stop them. */
async function supervise(config: Config, logger: PinoLogger): Promise<Ready> {
  const { setupCode } = config.users;
  const shared: Record<string, string> =
    setupCode === null ? {} : { SETUP_CODE: setupCode, SETUP_CODE_FILE: '' };
  const workers = new Workers<Ready>(config.workers, shared, logger);
  const stop = () => void workers.stop().then(() => process.exit(0));
  process.once('SIGTERM', stop).once('SIGINT', stop);
  process.on('SIGHUP', () => void workers.restart());
  return workers.start();
}

/** Where this machine reaches the server, which may listen on all of its addresses. */
function addressOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function bannerOf(config: Config, { url, isWaiting }: Ready): string {
  const ready = `Coatcheck is ready at ${url} (${describe(config)})`;
  return isWaiting ? `${ready}\n${nextStep(config, url)}` : ready;
}

function describe({ auth, storage, workers }: Config): string {
  const strategy = auth.types.join(' then ') || 'auth';
  const users = withoutSecrets(storage.database);
  const sessions =
    storage.sessions === storage.database ? '' : `, sessions in ${withoutSecrets(storage.sessions)}`;
  const processes = workers === 1 ? '' : `, ${workers} workers`;
  return `${strategy}, users in ${users}${sessions}${processes}`;
}

function nextStep({ http, users, newSetupCode }: Config, url: string): string {
  const body = {
    email: 'you@example.com',
    password: 'a long password of yours'.padEnd(users.passwordMinLength, '.'),
    ...(users.setupCode !== null && { setup_code: newSetupCode ?? 'the setup code that you chose' }),
  };
  return [
    'There are no users yet. This makes the first one, an administrator:',
    `  curl -X POST '${url}${http.prefix}/users' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`,
  ].join('\n');
}

/** Why there is no server, and by which variable that can be helped. */
function explain(error: unknown): unknown {
  if (error instanceof OpeningError) return `${STORE_VARIABLES[error.option]}: ${error.message}`;
  return error instanceof Error ? error.message : error;
}

try {
  await main();
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
