import type { Server } from 'node:http';
import type { DynamicModule, INestApplication, NestApplicationOptions, Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import type { NextFunction, Request, Response } from 'express';
import { AuthGuard } from '../auth/guards/auth.guard.js';
import { AuthOptions } from '../auth/auth-options.js';
import { BearerAlone } from '../auth/bearer-alone.js';
import { Refusals } from '../auth/refusals.js';
import { securitySchemes } from '../http/security-schemes.js';
import { ServedRoutes } from './http/served-routes.js';
import { ServerProblemFilter } from './http/server-problem.filter.js';
import { UnmatchedRoutes } from './http/unmatched-routes.js';
import { AnswerHeaders, EXPOSED_HEADERS } from './http/answer-headers.js';
import { serveApiDocs } from './http/api-docs.js';
import { answerClientErrors } from './http/client-error.js';
import { limitConnections } from './http/connection-limit.js';
import { CrossSiteCheck } from '../auth/guards/cross-site-check.js';
import { entrance } from './http/entrance.js';
import { ForwardingWatch } from './http/forwarding-watch.js';
import { HostCheck } from './http/host-check.js';
import { HttpOptions } from './http/http-options.js';
import { InputPipe } from '../http/input.pipe.js';
import { JsonExpressAdapter } from './http/json-express.adapter.js';
import { isDecodable } from './http/request-checks.js';
import { RouteTable } from '../http/route-table.js';
import { UsersOptions } from '../users/users-options.js';

/** Seconds for which browsers may cache a preflight response. */
const PREFLIGHT_MAX_AGE = 600;

/** Creates an application that stops on SIGTERM and SIGINT. Call `configureApp` and `listen` on it. */
export async function newApp(
  module: Type | DynamicModule,
  nest: NestApplicationOptions,
): Promise<INestApplication> {
  const app = await NestFactory.create(module, new JsonExpressAdapter(), nest);
  return app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
}

/** Creates an application and configures it as `configureApp` does. It also stops on SIGTERM and SIGINT. */
export async function createApp(
  module: Type | DynamicModule,
  options: Partial<HttpOptions> = {},
  nest: NestApplicationOptions = {},
): Promise<INestApplication> {
  return configureApp(await newApp(module, nest), options);
}

/**
 * Adds response headers, host check, cross-site check, CORS, validation and error documents to every path. Throws if the
 * application has no `JsonExpressAdapter`.
 */
export function configureApp(app: INestApplication, given: Partial<HttpOptions> = {}): INestApplication {
  const options = new HttpOptions(given);
  const crossSite = new CrossSiteCheck(options);
  return hardenApp(app, options, crossSite, corsOf(options, crossSite));
}

type Cors = Parameters<INestApplication['enableCors']>[0];

/** The same as `configureApp`, with a given cross-site check and CORS options. Without `cors` there is no CORS. */
export function hardenApp(
  app: INestApplication,
  options: HttpOptions,
  crossSite: CrossSiteCheck,
  cors: Cors,
): INestApplication {
  const adapter = app.getHttpAdapter();
  if (!(adapter instanceof JsonExpressAdapter)) {
    throw new Error('configureApp needs an application that was made with new JsonExpressAdapter().');
  }
  const authOptions = app.get(AuthOptions);
  const headers = new AnswerHeaders(options);
  let table: RouteTable | null = null;
  const tableOfRoutes = () => (table ??= new RouteTable(app.get(ModulesContainer), options.prefix));
  const routes = () => new ServedRoutes(tableOfRoutes(), adapter.getInstance());
  const bearer = app.get(BearerAlone);
  const isForUsers = (path: string) =>
    routes()
      .at(path)
      .every(({ access }) => access !== 'public');
  const unmatched = new UnmatchedRoutes(app.get(AuthGuard), routes);

  const server: Server = app.getHttpServer();
  server.keepAliveTimeout = options.keepAliveTimeout;
  limitConnections(server, options.maxConnections);
  answerClientErrors(server, authOptions.errorFormat, headers);
  adapter.set('trust proxy', options.trustProxy);
  app.use(
    entrance(
      headers,
      new HostCheck(options),
      (exchange, path) =>
        crossSite.checkFirst(
          exchange,
          () => bearer.isOnlyCredentialOf(exchange.authRequest) && isForUsers(path),
        ),
      new ForwardingWatch(options),
    ),
  );
  if (cors) app.enableCors(cors);
  app.setGlobalPrefix(options.prefix);
  app.useGlobalPipes(app.get(InputPipe));
  app.useGlobalFilters(
    new ServerProblemFilter(authOptions, app.get(Refusals), routes, options.explainRefusals),
  );
  if (options.docs) {
    const users = app.get(UsersOptions);
    const schemes = securitySchemes(authOptions, users);
    serveApiDocs(app, options.prefix, tableOfRoutes, schemes, users);
  }
  adapter.answerUnmatched((request, response) => unmatched.answer(request, response));
  app.use((request: Request, response: Response, next: NextFunction) =>
    isDecodable(request) ? next() : unmatched.answer(request, response),
  );
  return app;
}

/** CORS options that allow credentialed requests from trusted origins; undefined if there are none. */
function corsOf({ trustedOrigins }: HttpOptions, crossSite: CrossSiteCheck): Cors {
  if (trustedOrigins.length === 0) return undefined;
  return {
    origin: (origin: string | undefined, answer: (error: null, isTrusted: boolean) => void) =>
      answer(null, crossSite.trusts(origin)),
    credentials: true,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE,
  };
}
