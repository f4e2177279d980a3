import type { Server } from 'node:http';
import type { DynamicModule, INestApplication, NestApplicationOptions, Type } from '@nestjs/common';
import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import cors from 'cors';
import { AuthGuard } from '../auth/guards/auth.guard.js';
import { AuthOptions } from '../auth/auth-options.js';
import { BearerAlone } from '../auth/bearer-alone.js';
import { exchangeOf } from '../auth/exchange/exchange.js';
import { Refusals } from '../auth/refusals.js';
import { securitySchemes } from '../http/security-schemes.js';
import { ServedRoutes } from './http/served-routes.js';
import { ServerProblemFilter } from './http/server-problem.filter.js';
import { UnmatchedRoutes } from './http/unmatched-routes.js';
import { AnswerHeaders, EXPOSED_HEADERS } from './http/answer-headers.js';
import { apiDocs } from './http/api-docs.js';
import { answerClientErrors } from './http/client-error.js';
import { limitConnections } from './http/connection-limit.js';
import { CrossSiteCheck } from '../auth/guards/cross-site-check.js';
import { entrance } from './http/entrance.js';
import { ForwardingWatch } from './http/forwarding-watch.js';
import { HostCheck } from './http/host-check.js';
import { HttpOptions } from './http/http-options.js';
import { InputPipe } from '../http/input.pipe.js';
import { newAdapter } from './http/new-adapter.js';
import { proxyTrust } from './http/proxy-trust.js';
import { isDecodable, requestedPath } from './http/request-checks.js';
import { isServerAdapter } from './http/server-adapter.js';
import { RouteTable } from '../http/route-table.js';
import { UsersOptions } from '../users/users-options.js';
import { pages } from './pages/pages.js';

/** Seconds for which browsers may cache a preflight response. */
const PREFLIGHT_MAX_AGE = 600;

/** Creates an application that stops on SIGTERM and SIGINT. Call `configureApp` and `listen` on it. */
export async function newApp(
  module: Type | DynamicModule,
  { adapter }: Pick<HttpOptions, 'adapter'>,
  nest: NestApplicationOptions,
): Promise<INestApplication> {
  const app = await NestFactory.create(module, await newAdapter(adapter), nest);
  return app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
}

/** Creates an application and configures it as `configureApp` does. It also stops on SIGTERM and SIGINT. */
export async function createApp(
  module: Type | DynamicModule,
  options: Partial<HttpOptions> = {},
  nest: NestApplicationOptions = {},
): Promise<INestApplication> {
  return configureApp(await newApp(module, new HttpOptions(options), nest), options);
}

/**
 * Adds response headers, host check, cross-site check, CORS, validation and error documents to every path. Throws unless
 * the application was made with `newAdapter` and the option `adapter`.
 */
export function configureApp(app: INestApplication, given: Partial<HttpOptions> = {}): INestApplication {
  const options = new HttpOptions(given);
  const crossSite = new CrossSiteCheck(options);
  return hardenApp(app, options, crossSite, corsOf(options, crossSite));
}

/** The same as `configureApp`, with a given cross-site check and CORS options; null for no CORS. */
export function hardenApp(
  app: INestApplication,
  options: HttpOptions,
  crossSite: CrossSiteCheck,
  corsOptions: CorsOptions | null,
): INestApplication {
  const adapter = app.getHttpAdapter();
  if (!isServerAdapter(adapter) || adapter.getType() !== options.adapter)
    throw new Error(
      `configureApp needs an application that was made with: await newAdapter('${options.adapter}'). The option \`adapter\` chooses the type.`,
    );
  const authOptions = app.get(AuthOptions);
  const headers = new AnswerHeaders(options);
  let table: RouteTable | null = null;
  const tableOfRoutes = () => (table ??= new RouteTable(app.get(ModulesContainer), options.prefix));
  const routes = () => new ServedRoutes(tableOfRoutes(), () => adapter.servedPatterns());
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
  const isTrusted = proxyTrust(options.trustProxy);
  adapter.trustProxies(isTrusted);
  adapter.enterBy(
    entrance(
      headers,
      new HostCheck(options),
      (exchange) =>
        crossSite.checkFirst(
          exchange,
          () => bearer.isOnlyCredentialOf(exchange.authRequest) && isForUsers(requestedPath(exchange)),
        ),
      new ForwardingWatch(options, isTrusted),
    ),
  );
  if (corsOptions) adapter.enterBy(cors(corsOptions));
  app.setGlobalPrefix(options.prefix);
  app.useGlobalPipes(app.get(InputPipe));
  app.useGlobalFilters(
    new ServerProblemFilter(authOptions, app.get(Refusals), routes, options.explainRefusals),
  );
  if (options.docs) {
    const users = app.get(UsersOptions);
    const schemes = securitySchemes(authOptions, users);
    adapter.enterBy(apiDocs(app, options.prefix, tableOfRoutes, schemes, users));
  }
  if (options.pages) adapter.enterBy(pages(options));
  adapter.answerUnmatched((exchange) => unmatched.answer(exchange));
  adapter.enterBy((request, response, next) => {
    const exchange = exchangeOf(request, response);
    return isDecodable(requestedPath(exchange)) ? next() : unmatched.answer(exchange);
  });
  return app;
}

/** CORS options that allow credentialed requests from trusted origins; null if there are none. */
function corsOf({ trustedOrigins }: HttpOptions, crossSite: CrossSiteCheck): CorsOptions | null {
  if (trustedOrigins.length === 0) return null;
  return {
    origin: (origin, answer) => answer(null, crossSite.trusts(origin)),
    credentials: true,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE,
  };
}
