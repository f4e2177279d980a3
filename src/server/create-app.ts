import type { Server } from 'node:http';
import type { DynamicModule, INestApplication, NestApplicationOptions, Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import type { NextFunction, Request, Response } from 'express';
import { Auth } from '../auth/auth.js';
import { AuthGuard } from '../auth/guards/auth.guard.js';
import { AuthOptions } from '../auth/auth-options.js';
import { BearerAlone } from '../auth/bearer-alone.js';
import { FreshGuard } from '../auth/guards/fresh.guard.js';
import { LateBodyGuard } from '../auth/guards/late-body.guard.js';
import { Refusals } from '../auth/refusals.js';
import { securitySchemes } from '../http/security-schemes.js';
import { UnmatchedRoutes } from './http/unmatched-routes.js';
import { FieldRules } from '../http/field-rules.js';
import { noteSetup } from '../http/setup-check.js';
import { AnswerHeaders, EXPOSED_HEADERS } from './http/answer-headers.js';
import { serveApiDocs } from './http/api-docs.js';
import { BodyGuard } from '../http/body.guard.js';
import { answerClientErrors } from './http/client-error.js';
import { limitConnections } from './http/connection-limit.js';
import { CrossSiteCheck } from '../auth/guards/cross-site-check.js';
import { entrance } from './http/entrance.js';
import { ForwardingWatch } from './http/forwarding-watch.js';
import { HostCheck } from './http/host-check.js';
import { HttpOptions } from './http/http-options.js';
import { InputPipe } from '../http/input.pipe.js';
import { JsonExpressAdapter } from './http/json-express.adapter.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { isDecodable } from './http/request-checks.js';
import { RouteTable } from '../http/route-table.js';

/** Seconds for which browsers remember what a preflight allowed. */
const PREFLIGHT_MAX_AGE = 600;

/** Makes an application of the modules as it is meant to be served and stopped; it does not listen yet. */
export async function createApp(
  module: Type | DynamicModule,
  options: Partial<HttpOptions> = {},
  nest: NestApplicationOptions = {},
): Promise<INestApplication> {
  const app = await NestFactory.create(module, new JsonExpressAdapter(), nest);
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  return configureApp(app, options);
}

/** Everything between the socket and the guards: headers, cross-site rules, bodies, validation, problems. */
export function configureApp(app: INestApplication, given: Partial<HttpOptions> = {}): INestApplication {
  const adapter = app.getHttpAdapter();
  if (!(adapter instanceof JsonExpressAdapter)) {
    throw new Error('configureApp needs an application that was made with new JsonExpressAdapter().');
  }
  const options = new HttpOptions(given);
  const authOptions = app.get(AuthOptions);
  const { dialect } = authOptions;
  const headers = new AnswerHeaders(options);
  let table: RouteTable | null = null;
  const routes = () => (table ??= new RouteTable(app.get(ModulesContainer), options.prefix));
  const bearer = app.get(BearerAlone);
  const crossSite = new CrossSiteCheck(options, dialect, (request) => {
    const isForUsers = () =>
      routes()
        .at(request.path)
        .every(({ access }) => access !== 'public');
    return bearer.isOnlyCredentialOf(request) && isForUsers();
  });
  const refusals = app.get(Refusals);
  const { challenges } = app.get(Auth);
  const unmatched = new UnmatchedRoutes(app.get(AuthGuard), routes);

  const server: Server = app.getHttpServer();
  server.keepAliveTimeout = options.keepAliveTimeout;
  limitConnections(server, options.maxConnections);
  answerClientErrors(server, dialect, headers);
  adapter.set('trust proxy', options.trustProxy);
  app.use(entrance(headers, new HostCheck(options), crossSite, new ForwardingWatch(options)));
  if (dialect.openToOrigins) app.enableCors({ origin: '*' });
  else if (options.trustedOrigins.length > 0) {
    app.enableCors({
      origin: (origin: string | undefined, answer: (error: null, isTrusted: boolean) => void) =>
        answer(null, crossSite.trusts(origin)),
      credentials: true,
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: PREFLIGHT_MAX_AGE,
    });
  }
  app.setGlobalPrefix(options.prefix);
  app.useGlobalGuards(new BodyGuard(dialect), app.get(LateBodyGuard), app.get(FreshGuard));
  app.useGlobalPipes(new InputPipe(dialect, app.get(FieldRules)));
  app.useGlobalFilters(
    new ProblemFilter(adapter, dialect, {
      challengesOf: ({ challenge }) => (challenge === undefined ? challenges : [challenge]),
      routeOf: (request) => routes().patternOf(request),
      note: (...refusal) => refusals.note(...refusal),
      explains: options.explainRefusals,
    }),
  );
  if (options.docs) serveApiDocs(app, options.prefix, routes, securitySchemes(authOptions));
  adapter.answerUnmatched((request, response) => unmatched.answer(request, response));
  app.use((request: Request, response: Response, next: NextFunction) =>
    isDecodable(request) ? next() : unmatched.answer(request, response),
  );
  noteSetup(adapter);
  return app;
}
