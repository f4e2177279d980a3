import {
  type IncomingMessage,
  METHODS,
  type RequestListener,
  type ServerResponse,
  createServer,
} from 'node:http';
import type { NestApplicationOptions } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify/adapters/fastify-adapter.js';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { type Exchange, exchangeOf } from '../../auth/exchange/exchange.js';
import { leaveAllBodies } from '../../http/fastify-bodies.js';
import { GracefulStop } from './graceful-stop.js';
import { isJson } from './json-answer.js';
import { type ClientMessage, SERVER_LIMITS, createNodeServer } from './node-server.js';
import { patternOf } from './path-pattern.js';
import type { ProxyTrust } from './proxy-trust.js';
import { requestedPath } from './request-checks.js';
import type { CommonResponse } from './server-response.js';
import type { Gate, ServedPattern, ServerAdapter } from './server-adapter.js';

type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => unknown;

/** Longer than a request can be: Fastify would answer a longer parameter by itself. */
const LONGEST_PARAMETER = 1024 * 1024;

const asItIs = (text: string) => text;

/** The same as `JsonExpressAdapter`, on Fastify. */
export class JsonFastifyAdapter extends FastifyAdapter implements ServerAdapter {
  readonly readsBodiesAfterGuards = true;
  readonly #gates: Gate[] = [];
  readonly #patterns: ServedPattern[] = [];
  readonly #route: RequestListener;
  #isTrusted: ProxyTrust = () => false;
  #isReady = false;
  #unmatched: ((exchange: Exchange) => Promise<void>) | null = null;
  #onError: ErrorHandler | null = null;
  #stop: GracefulStop | null = null;

  constructor() {
    let route: RequestListener;
    super({
      frameworkErrors: (_error, request, reply) => void this.#refuse(request, reply),
      return503OnClosing: false, // a stop lets requests in flight finish
      routerOptions: { ignoreTrailingSlash: true, maxParamLength: LONGEST_PARAMETER },
      serverFactory: (handler) => {
        route = handler;
        return createServer();
      },
      trustProxy: (address, hop) => this.#isTrusted(address, hop),
    } satisfies FastifyServerOptions);
    this.#route = route!;
    const fastify = this.getInstance<FastifyInstance>();
    const known = new Set(fastify.supportedMethods);
    for (const method of METHODS) if (!known.has(method)) fastify.addHttpMethod(method, { hasBody: true });
    fastify.addHook('onRoute', ({ url, method }) => {
      this.#patterns.push(patternOf(url, [method].flat()));
    });
    fastify.addHook('onRequest', (request, reply, done) => {
      this.#enter(request.raw as ClientMessage, reply, (error) => {
        if (error || this.#isSpeltAsRoute(request)) done(error);
        else reply.callNotFound();
      });
    });
    leaveAllBodies(fastify);
  }

  trustProxies(isTrusted: ProxyTrust): void {
    this.#isTrusted = isTrusted;
  }

  enterBy(gate: Gate): void {
    this.#gates.push(gate);
  }

  answerUnmatched(handler: (exchange: Exchange) => Promise<void>): void {
    this.#unmatched = handler;
  }

  servedPatterns(): readonly ServedPattern[] {
    return this.#patterns;
  }

  override setNotFoundHandler(handler: Parameters<FastifyAdapter['setNotFoundHandler']>[0]) {
    const unmatched = this.#unmatched;
    if (!unmatched) return super.setNotFoundHandler(handler);
    return super.setNotFoundHandler(async (request: FastifyRequest, reply: FastifyReply) => {
      await unmatched(exchangeOf(request, reply));
      return reply;
    });
  }

  override setErrorHandler(handler: Parameters<FastifyAdapter['setErrorHandler']>[0]) {
    this.#onError = handler as ErrorHandler;
    return super.setErrorHandler(handler);
  }

  override registerParserMiddleware(): void {}

  override initHttpServer(options: NestApplicationOptions): void {
    const { server } = createNodeServer(
      (request, response) => this.#serve(request, response),
      (...hop) => this.#isTrusted(...hop),
      options.httpsOptions,
    );
    this.instance.server = server;
    super.initHttpServer(options);
    Object.assign(server, SERVER_LIMITS);
    this.#stop = new GracefulStop(server);
  }

  /** Listens with the server itself, since Fastify would make a second one for `localhost`. */
  override listen(...address: [port: number, ...rest: unknown[]]): void {
    void this.#listenWhenReady(address as [number]);
  }

  override reply(response: ServerResponse | FastifyReply, body: unknown, statusCode?: number) {
    if (!isJson(body) || !('code' in response)) return super.reply(response, body, statusCode);
    if (statusCode !== undefined) response.code(statusCode);
    if (!response.hasHeader('Content-Type')) response.header('Content-Type', 'application/json');
    // With a serializer of its own, a text gets no charset. A buffer would be a second write.
    return response.serializer(asItIs).send(JSON.stringify(body));
  }

  override async close(): Promise<void> {
    if (this.httpServer.listening) await this.#stop?.stop();
    await this.instance.close();
  }

  async #listenWhenReady(address: [port: number]): Promise<void> {
    try {
      await this.instance.ready();
      this.httpServer.listen(...address);
    } catch (error) {
      this.httpServer.emit('error', error);
    }
  }

  /** Hands a request to Fastify, which must be ready for it: an application that does not listen never says so. */
  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isReady) this.#route(request, response);
    else
      this.instance.ready(() => {
        this.#isReady = true;
        this.#route(request, response);
      });
  }

  /** Leads a request through the gates. */
  #enter(request: ClientMessage, { raw }: FastifyReply, done: (error?: Error) => void): void {
    const response = raw as CommonResponse;
    let index = 0;
    const next = (error?: unknown): void => {
      const gate = this.#gates[index++];
      if (error || !gate) {
        done(error as Error | undefined);
        return;
      }
      try {
        const pending: unknown = gate(request, response, next);
        // Most gates need no time, and a promise for each of them would cost more than they do.
        if (pending instanceof Promise) void handOnFailure(pending, done);
      } catch (failure) {
        done(failure as Error);
      }
    };
    next();
  }

  /** Whether the text of a route stands in the path as it is. Fastify also serves escapes of it, such as `/users/%6de`. */
  #isSpeltAsRoute({ raw, is404, routeOptions }: FastifyRequest): boolean {
    if (is404 || !raw.url!.includes('%')) return true;
    const pattern = this.#patterns.find(({ path }) => path === routeOptions.url);
    return pattern?.matches(requestedPath({ message: raw })) === true;
  }

  /** Answers a request whose path the router cannot read. No hook of Fastify has seen it. */
  async #refuse(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) =>
        this.#enter(request.raw as ClientMessage, reply, (error) => (error ? reject(error) : resolve())),
      );
      await this.#unmatched?.(exchangeOf(request, reply));
    } catch (error) {
      this.#onError?.(error, request, reply);
    }
  }
}

async function handOnFailure(pending: Promise<unknown>, done: (error: Error) => void): Promise<void> {
  try {
    await pending;
  } catch (error) {
    done(error as Error);
  }
}
