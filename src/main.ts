#!/usr/bin/env node
import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './server/app.module.js';
import type { Config } from './server/config/config.js';
import { loadEnvFile } from './server/config/env-file.js';
import { loadConfig } from './server/config/load-config.js';
import { AlxAppModule } from './compat/alx/alx-app.module.js';
import { ALX_RULES } from './compat/alx/alx-rules.js';
import { configureAlxApp } from './compat/alx/create-alx-app.js';
import { configureApp } from './server/create-app.js';
import { newAdapter } from './server/http/new-adapter.js';
import { listeningUrl } from './server/listening-url.js';
import { LAST_LINES, Output } from './server/logging/output.js';
import { PinoLogger } from './server/logging/pino.logger.js';
import { ProcessEnd, hasTerminal } from './server/process-end.js';
import { OpeningError, labelOf } from './storage/connections.js';
import { RegistrationService } from './users/registration.service.js';
import { Workers } from './server/workers.js';

const STORE_VARIABLES = { database: 'DATABASE_URL', sessions: 'SESSION_STORE_URL' } as const;

/** Milliseconds that the stop of a process may take, and of the supervisor with all workers. Plus `LAST_LINES`. */
const TIME_LIMIT = 9_000;
const TIME_LIMIT_OF_ALL = 9_900;

async function main(): Promise<void> {
  // The workers get the variables of the supervisor.
  if (cluster.isPrimary) loadEnvFile(process.env);
  const config = loadConfig(process.env, { compat: { alx: ALX_RULES } });
  const logger = await PinoLogger.open({ level: config.logLevel, production: config.production });
  logWhatNodeReports(logger);
  const isSupervisor = cluster.isPrimary && config.workers > 1;
  const end = new ProcessEnd(logger, isSupervisor ? TIME_LIMIT_OF_ALL : TIME_LIMIT);
  if (cluster.isPrimary) warnOfRisks(config, logger);
  try {
    const ready = await (isSupervisor ? supervise(config, logger, end) : serve(config, logger, end));
    if (end.isBegun) return;
    if (cluster.isWorker) process.send?.({ ready });
    else logger.print(bannerOf(config, ready));
  } catch (error) {
    // An error after a stop signal is not a failed start.
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

/** Logs warnings of Node and uncaught errors. An uncaught error ends the process with exit code 1. */
function logWhatNodeReports(logger: PinoLogger): void {
  process.removeAllListeners('warning').on('warning', ({ name, message }) => {
    logger.warn(`${name}: ${message}`, 'Node');
  });
  process.on('uncaughtException', (error: unknown) => {
    logger.fatal(error instanceof Error ? error : String(error), 'Node');
    process.exit(1);
  });
}

/** The URL of the server and of its metrics, and whether it still has no user. */
interface Ready {
  readonly url: string;
  readonly metricsUrl: string | null;
  readonly isWaiting: boolean;
}

const NOT_MEASURED = { metrics: null, url: null, close: null };

/** prom-client is not loaded without metrics. */
const loadMetrics = () => import('./server/metrics/open-metrics.js');

async function serve(config: Config, logger: PinoLogger, end: ProcessEnd): Promise<Ready> {
  if (cluster.isWorker) endAsWorker(end);
  else end.on('SIGTERM', 'SIGINT', 'SIGHUP');
  const isAlx = config.compat === 'alx';
  const measured = config.metrics && (await loadMetrics()).openMetrics(config.metrics);
  const { metrics, url: metricsUrl, close: closeMetrics } = (await measured) ?? NOT_MEASURED;
  const module = (isAlx ? AlxAppModule : AppModule).forRoot(config);
  const adapter = await newAdapter(config.http.adapter);
  const app = await NestFactory.create(metrics?.around(module) ?? module, adapter, {
    logger,
    abortOnError: false,
  });
  (isAlx ? configureAlxApp : configureApp)(app, config.http);
  metrics?.watch(app, config.http.prefix);
  end.finishFirst(async () => {
    await app.close();
    await closeMetrics?.();
  });
  await app.listen(config.port, config.host).catch(({ message, code }: NodeJS.ErrnoException) => {
    const advice = code === 'EADDRINUSE' ? '. Choose another API_PORT' : '';
    throw new Error(`Cannot listen at API_HOST and API_PORT: ${message}${advice}`);
  });
  const url = listeningUrl(app.getHttpServer().address() as AddressInfo);
  return { url, metricsUrl, isWaiting: await app.get(RegistrationService).isWaitingForTheFirst() };
}

/**
 * Ends a worker on SIGTERM and after the death of its supervisor. A worker ignores SIGINT and SIGHUP, which a terminal
 * sends to all processes; the supervisor handles them.
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
 * Starts and supervises the workers. SIGTERM, SIGINT and the SIGHUP of a closed terminal stop them all. Any other SIGHUP
 * replaces them one by one.
 */
async function supervise(config: Config, logger: PinoLogger, end: ProcessEnd): Promise<Ready> {
  const { setupCode } = config.users;
  const shared = setupCode === null ? {} : { SETUP_CODE: setupCode, SETUP_CODE_FILE: undefined };
  const workers = new Workers<Ready>(config.workers, shared, logger);
  const metrics = config.metrics && (await (await loadMetrics()).openMetricsOf(workers, config.metrics));
  end.on('SIGTERM', 'SIGINT').finishFirst(() => workers.stop());
  const hadTerminal = hasTerminal();
  process.on('SIGHUP', () => {
    if (hadTerminal && !hasTerminal()) void end.begin('SIGHUP');
    else void workers.restart();
  });
  return { ...(await workers.start()), metricsUrl: metrics?.url ?? null };
}

function bannerOf(config: Config, { url, metricsUrl, isWaiting }: Ready): string {
  return [
    `Coatcheck is ready at ${url} (${describe(config)})`,
    ...(metricsUrl === null ? [] : [`Metrics are at ${metricsUrl}.`]),
    ...servedHosts(config),
    ...(isWaiting ? [nextStep(config, url)] : []),
  ].join('\n');
}

/** A sentence about the served hosts, unless every host is served. */
function servedHosts({ http: { allowedHosts, loopbackHosts } }: Config): string[] {
  if (loopbackHosts)
    return [
      'Only requests for localhost, loopback addresses and the hosts that you configured are served. Add other hosts to ALLOWED_HOSTS.',
    ];
  return allowedHosts.length > 0 ? ['Only requests for the hosts in ALLOWED_HOSTS are served.'] : [];
}

function describe({ auth, storage, workers }: Config): string {
  const strategy = auth.types.join(' then ');
  const users = labelOf(storage.database);
  const sessions = storage.sessions === storage.database ? '' : `, sessions in ${labelOf(storage.sessions)}`;
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
    `There are no users yet. Create the first one, an administrator, ${http.pages ? 'in a browser or by curl' : 'with'}:`,
    ...(http.pages ? [`  ${http.https ? 'https://<your host>' : pageUrl(url)}/account/register`] : []),
    `  curl -X POST '${url}${http.prefix}/users' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`,
  ].join('\n');
}

/** The URL of the server for browsers on this machine. They use no passkeys at addresses. */
function pageUrl(url: string): string {
  return url.replace('//127.0.0.1:', '//localhost:');
}

/** Why the start failed, with the variable to correct if a store failed. */
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
