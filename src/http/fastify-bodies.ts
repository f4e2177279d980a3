import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { type AbstractHttpAdapter, MetadataScanner } from '@nestjs/core';
import type { IncomingHttpHeaders } from 'node:http';
import { OWN_ROUTES } from '../auth/decorators/access.js';
import { OWN_BODY, ROUTE_CONFIG } from './body-decorators.js';
import type { ReadsBodiesAfterGuards } from './body.guard.js';

/** Headers that make Fastify parse a body, or refuse it. */
const OF_BODIES = { 'content-type': undefined, 'content-length': undefined, 'transfer-encoding': undefined };

/** The methods whose bodies Fastify ignores. */
const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'TRACE']);

/** What Fastify must have of a request with the method QUERY; it is given to the parser of all types. */
const ANY_TYPE = { 'content-type': 'application/octet-stream' };

interface FastifyRequest {
  readonly method: string;
  readonly routeOptions: { readonly config?: object };
  /** What is set is merged into the headers of Node's request. */
  headers: IncomingHttpHeaders;
}

/** What is used of the options of a route of Fastify. */
interface RouteOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  preParsing?: unknown;
  preValidation?: unknown;
}

/** What is used of an instance of Fastify. */
interface Fastify {
  addHook(name: 'onRoute', hook: (route: RouteOptions) => void): unknown;
  addHook(name: 'preParsing', hook: typeof hide): unknown;
  addHook(name: 'preValidation', hook: typeof show): unknown;
  addContentTypeParser(
    type: '*',
    parser: (request: unknown, body: unknown, done: (error: null) => void) => void,
  ): unknown;
}

/** The headers of requests whose body Fastify should not read, while it decides. */
const hidden = new WeakMap<FastifyRequest, IncomingHttpHeaders>();

/** Marks the routes of a controller of this package for Fastify. */
export const OwnFastifyRoutes: ClassDecorator = ({ prototype }) => {
  const handlers = prototype as Record<string, object>;
  for (const name of new MetadataScanner().getAllMethodNames(prototype as object)) {
    const handler = handlers[name]!;
    if (Reflect.hasMetadata(METHOD_METADATA, handler))
      Reflect.defineMetadata(ROUTE_CONFIG, { [OWN_ROUTES]: true }, handler);
  }
};

/**
 * Makes Fastify leave the bodies of our routes to `BodyGuard`. Its parsers run before the guards, and refuse types that they do
 * not know. Call it before the routes are made.
 */
export function leaveOwnBodies(adapter: AbstractHttpAdapter): void {
  if (adapter.getType() !== 'fastify' || (adapter as Partial<ReadsBodiesAfterGuards>).readsBodiesAfterGuards)
    return;
  adapter.getInstance<Fastify>().addHook('onRoute', (route) => {
    if (route.config?.[OWN_ROUTES] === true) leaveBodiesOf(route);
  });
}

/** Makes Fastify leave the bodies of all requests unread, also of those without a route. Call it before the routes are made. */
export function leaveAllBodies(fastify: Fastify): void {
  fastify.addContentTypeParser('*', (_request, _body, done) => done(null));
  fastify.addHook('preParsing', hide);
  fastify.addHook('preValidation', show);
}

/** Makes Fastify leave the bodies of a route unread. */
export function leaveBodiesOf(route: RouteOptions): void {
  route.preParsing = [...hooksIn(route.preParsing), hide];
  route.preValidation = [show, ...hooksIn(route.preValidation)];
}

function hooksIn(hooks: unknown): unknown[] {
  return [hooks ?? []].flat();
}

function hide(
  request: FastifyRequest,
  _reply: unknown,
  body: unknown,
  done: (e: null, body: unknown) => void,
) {
  if (BODYLESS.has(request.method) || isUpload(request)) {
    done(null, body);
    return;
  }
  hidden.set(request, request.headers);
  request.headers = { ...request.headers, ...OF_BODIES, ...(request.method === 'QUERY' && ANY_TYPE) };
  done(null, body);
}

/**
 * Whether the handler reads a form with files. The parser of `@fastify/multipart` reads nothing: it marks the request, for which the
 * handler then can read the parts.
 */
function isUpload({ headers, routeOptions }: FastifyRequest): boolean {
  return (
    OWN_BODY in (routeOptions.config ?? {}) && /^multipart\/form-data\b/i.test(headers['content-type'] ?? '')
  );
}

function show(request: FastifyRequest, _reply: unknown, done: () => void) {
  const headers = hidden.get(request);
  if (headers) request.headers = headers;
  done();
}
