#!/usr/bin/env node
import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './server/app.module.js';
import type { Config } from './server/config/config.js';
import { loadConfig } from './server/config/load-config.js';
import { AlxAppModule } from './compat/alx/alx-app.module.js';
import { ALX_RULES } from './compat/alx/alx-rules.js';
import { configureAlxApp } from './compat/alx/create-alx-app.js';
import { configureApp } from './server/create-app.js';
import { JsonExpressAdapter } from './server/http/json-express.adapter.js';
import { LAST_LINES, Output } from './server/logging/output.js';
import { PinoLogger } from './server/logging/pino.logger.js';
import { ProcessEnd, hasTerminal } from './server/process-end.js';
import { OpeningError } from './storage/connections.js';
import { withoutSecrets } from './storage/store-url.js';
import { RegistrationService } from './users/registration.service.js';
import { Workers } from './server/workers.js';

const STORE_VARIABLES = { database: 'DATABASE_URL', sessions: 'SESSION_STORE_URL' } as const;

/** Milliseconds that the end of a process may take, and of all together; last log lines may take half a second more. */
const TIME_LIMIT = 9_000;
const TIME_LIMIT_OF_ALL = 9_900;

async function main(): Promise<void> {
  const config = loadConfig(process.env, { compat: { alx: ALX_RULES } });
  const logger = await PinoLogger.open({ level: config.logLevel, production: config.production });
  logWhatNodeReports(logger);
  const isSupervisor = cluster.isPrimary && config.workers > 1;
  const end = new ProcessEnd(logger, isSupervisor ? TIME_LIMIT_OF_ALL : TIME_LIMIT);
  if (cluster.isPrimary) warnOfRisks(config, logger);
  try {
    const ready = await (isSupervisor ? supervise(config, logger, end) : serve(config, logger, end));
    if (end.isBegun) return;
    if (cluster.isWorker) process.send?.(ready);
    else logger.print(bannerOf(config, ready));
  } catch (error) {
    // What a signal interrupts is no failure.
    if (!end.isBegun) throw error;
  }
}

function warnOfRisks({ compat, users, warnings }: Config, logger: PinoLogger): void {
  warnings.forEach((warning) => logger.warn(warning, 'Config'));
  if (compat === 'alx') {
    logger.warn(
      'AUTH_COMPAT=alx serves the course contract, which shows to anyone which e-mail addresses have accounts. Do not use it for real accounts.',
      'Main',
    );
  }
  if (!users.throttle.enabled)
    logger.warn(
      'AUTH_THROTTLE=off does not limit failed attempts: anyone can guess passwords. Set it to on.',
      'Main',
    );
}

/** A warning of Node's, or an error that nobody caught, is an entry of the log; the error ends the process. */
function logWhatNodeReports(logger: PinoLogger): void {
  process.removeAllListeners('warning').on('warning', ({ name, message }) => {
    logger.warn(`${name}: ${message}`, 'Node');
  });
  process.on('uncaughtException', (error: unknown) => {
    logger.fatal(error instanceof Error ? error : String(error), 'Node');
    process.exit(1);
  });
}

/** Where a server listens, and whether it waits for its first user. */
interface Ready {
  readonly url: string;
  readonly isWaiting: boolean;
}

async function serve(config: Config, logger: PinoLogger, end: ProcessEnd): Promise<Ready> {
  if (cluster.isWorker) endAsWorker(end);
  else end.on('SIGTERM', 'SIGINT', 'SIGHUP');
  const isAlx = config.compat === 'alx';
  const module = (isAlx ? AlxAppModule : AppModule).forRoot(config);
  const app = await NestFactory.create(module, new JsonExpressAdapter(), { logger, abortOnError: false });
  (isAlx ? configureAlxApp : configureApp)(app, config.http);
  end.finishFirst(() => app.close());
  await app.listen(config.port, config.host).catch(({ message }: Error) => {
    throw new Error(`Cannot listen at API_HOST and API_PORT: ${message}`);
  });
  const url = addressOf(app.getHttpServer().address() as AddressInfo);
  return { url, isWaiting: await app.get(RegistrationService).isWaitingForTheFirst() };
}

/**
 * A worker ends on SIGTERM, and when its supervisor has died. It leaves SIGINT and SIGHUP, which a terminal sends to all
 * processes, to the supervisor.
 */
function endAsWorker(end: ProcessEnd): void {
  end.on('SIGTERM');
  process.on('SIGINT', () => {}).on('SIGHUP', () => {});
  cluster.worker?.once('disconnect', () => {
    // Without this, Node ends the worker at once.
    cluster.worker!.exitedAfterDisconnect = true;
    void end.begin('the end of the supervisor');
  });
}

/**
 * Starts workers and supervises them. SIGTERM and SIGINT end them all, and so does SIGHUP from a terminal that was closed;
 * any other SIGHUP replaces them one by one.
 */
async function supervise(config: Config, logger: PinoLogger, end: ProcessEnd): Promise<Ready> {
  const { setupCode } = config.users;
  const shared = setupCode === null ? {} : { SETUP_CODE: setupCode, SETUP_CODE_FILE: undefined };
  const workers = new Workers<Ready>(config.workers, shared, logger);
  end.on('SIGTERM', 'SIGINT').finishFirst(() => workers.stop());
  const hadTerminal = hasTerminal();
  process.on('SIGHUP', () => {
    if (hadTerminal && !hasTerminal()) void end.begin('SIGHUP');
    else void workers.restart();
  });
  return workers.start();
}

/** Where this machine reaches the server, which may listen on all of its addresses. */
function addressOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function bannerOf(config: Config, { url, isWaiting }: Ready): string {
  const ready = `Coatcheck is ready at ${url} (${describe(config)})`;
  return [ready, ...servedHosts(config), ...(isWaiting ? [nextStep(config, url)] : [])].join('\n');
}

/** Which hosts are served, where that is not every one. */
function servedHosts({ http: { allowedHosts, loopbackHosts } }: Config): string[] {
  if (loopbackHosts)
    return [
      'Only requests for localhost, loopback addresses and the hosts that you configured are served. Add other hosts to ALLOWED_HOSTS.',
    ];
  return allowedHosts.length > 0 ? ['Only requests for the hosts in ALLOWED_HOSTS are served.'] : [];
}

function describe({ auth, storage, workers }: Config): string {
  const strategy = auth.types.join(' then ');
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
    ...(users.setupCode !== null && { setup_code: newSetupCode ?? 'the value of SETUP_CODE' }),
  };
  return [
    'There are no users yet. Create the first one, an administrator, with:',
    `  curl -X POST '${url}${http.prefix}/users' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`,
  ].join('\n');
}

/** Why there is no server, and by which variable that can be helped. */
function explain(error: unknown): string {
  if (error instanceof OpeningError) return `${STORE_VARIABLES[error.option]}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

try {
  await main();
} catch (error) {
  const errors = new Output(2);
  errors.write(`${explain(error)}\n`);
  errors.flush(LAST_LINES);
  process.exit(1);
}
