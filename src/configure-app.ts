import { type INestApplication, type NestApplicationOptions, type Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import type { DynamicModule } from '@nestjs/common';
import type { Application, NextFunction, Request, Response } from 'express';
import { Auth } from './auth/auth.js';
import { AuthGuard } from './auth/auth.guard.js';
import { AuthOptions } from './auth/auth-options.js';
import { securitySchemes } from './auth/security-schemes.js';
import { UnmatchedRoutes, canBeServed } from './auth/unmatched-routes.js';
import { DomainError } from './common/domain-error.js';
import { serveApiDocs } from './http/api-docs.js';
import { BodyGuard } from './http/body.guard.js';
import { answerClientErrors } from './http/client-error.js';
import { HttpOptions } from './http/http-options.js';
import { InputPipe } from './http/input.pipe.js';
import { JsonExpressAdapter } from './http/json-express.adapter.js';
import { ProblemFilter } from './http/problem.filter.js';
import { requestId } from './http/request-id.js';
import { RouteTable } from './http/route-table.js';

const YEAR = 365 * 24 * 60 * 60;

/** Makes an application of the modules as it is meant to be served; it does not listen yet. */
export async function createApp(
  module: Type | DynamicModule,
  options: Partial<HttpOptions> = {},
  nest: NestApplicationOptions = {},
): Promise<INestApplication> {
  return configureApp(await NestFactory.create(module, new JsonExpressAdapter(), nest), options);
}

/** Everything between the socket and the guards: headers, cross-site rules, bodies, validation, problems. */
export function configureApp(app: INestApplication, given: Partial<HttpOptions> = {}): INestApplication {
  const options = new HttpOptions(given);
  const authOptions = app.get(AuthOptions);
  const { dialect } = authOptions;
  const adapter = app.getHttpAdapter() as JsonExpressAdapter;
  let table: RouteTable | null = null;
  const routes = () => (table ??= new RouteTable(app.get(ModulesContainer), options.prefix));

  trustProxies(adapter.getInstance(), options.trustProxy);
  app.use(requestId);
  app.use(privateAnswer);
  app.use(requireHost);
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: "'none'", baseUri: "'none'", formAction: "'none'", frameAncestors: "'none'" },
    },
    strictTransportSecurity: options.https ? { maxAge: YEAR } : false,
    xFrameOptions: { action: 'deny' },
  });
  if (dialect.openToOrigins) app.enableCors({ origin: '*' });
  else if (options.trustedOrigins.length > 0)
    app.enableCors({ origin: [...options.trustedOrigins], credentials: true });
  app.enableCsrfProtection({
    trustedOrigins: [...options.trustedOrigins],
    exclude: (request: Request) => dialect.openToOrigins && isOpen(request),
  });
  app.setGlobalPrefix(options.prefix);
  app.useGlobalGuards(new BodyGuard(dialect));
  app.useGlobalPipes(new InputPipe(dialect));
  app.useGlobalFilters(new ProblemFilter(adapter, dialect, app.get(Auth).challenge));
  if (options.docs) serveApiDocs(app, options.prefix, routes, securitySchemes(authOptions));
  const unmatched = new UnmatchedRoutes(app.get(AuthGuard), routes);
  adapter.answerUnmatched((request, response) => unmatched.answer(request, response));
  app.use((request: Request, response: Response, next: NextFunction) =>
    canBeServed(request) ? next() : unmatched.answer(request, response),
  );
  answerClientErrors(app.getHttpServer(), dialect);
  return app;
}

/** RFC 9112, section 3.2; Node's own check answers without a word. */
function requireHost({ headers, httpVersion }: Request, _: Response, next: NextFunction): void {
  next(
    headers.host === undefined && httpVersion === '1.1' ? new DomainError('malformed_request') : undefined,
  );
}

/** Whether a page elsewhere can send this only after a preflight, and without the visitor's cookies. */
function isOpen({ headers }: Request): boolean {
  const isSimple = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)/i;
  return headers.cookie === undefined && !isSimple.test(headers['content-type'] ?? '');
}

function trustProxies(instance: Application, trust: HttpOptions['trustProxy']): void {
  instance.set('trust proxy', trust);
}

/** What depends on who is asking is kept by no cache. */
function privateAnswer(_: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  response.vary('Cookie');
  next();
}
