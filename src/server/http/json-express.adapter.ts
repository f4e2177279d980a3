import type { NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express/adapters/express-adapter.js';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { type Exchange, exchangeOf } from '../../auth/exchange/exchange.js';
import { createExpressServer } from './express-server.js';
import { GracefulStop } from './graceful-stop.js';
import { isJson } from './json-answer.js';
import { SERVER_LIMITS } from './node-server.js';
import type { ProxyTrust } from './proxy-trust.js';
import type { Gate, ServedPattern, ServerAdapter } from './server-adapter.js';

/** A layer of the Express router. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/**
 * Express adapter for an API server: paths are case-sensitive, `BodyGuard` reads the bodies, JSON has the type
 * `application/json` without charset, slow clients are disconnected, and a stop lets requests in flight finish.
 */
export class JsonExpressAdapter extends ExpressAdapter implements ServerAdapter {
  readonly readsBodiesAfterGuards = true;
  #unmatched: RequestHandler | null = null;
  #stop: GracefulStop | null = null;

  constructor() {
    super(express().enable('case sensitive routing').disable('etag').disable('x-powered-by'));
  }

  trustProxies(isTrusted: ProxyTrust): void {
    this.set('trust proxy', isTrusted);
  }

  enterBy(gate: Gate): void {
    this.use(gate);
  }

  answerUnmatched(handler: (exchange: Exchange) => Promise<void>): void {
    this.#unmatched = (request: Request, response: Response) => handler(exchangeOf(request, response));
  }

  servedPatterns(): readonly ServedPattern[] {
    const { router } = this.getInstance<{ readonly router: { readonly stack: readonly Layer[] } }>();
    return router.stack.flatMap((layer) =>
      layer.route
        ? {
            path: layer.route.path,
            methods: Object.keys(layer.route.methods).map((method) => method.toUpperCase()),
            matches: (path: string) => layer.match(path),
          }
        : [],
    );
  }

  override setNotFoundHandler(handler: RequestHandler, ...rest: [prefix?: string]): void {
    if (this.#unmatched) this.use(this.#unmatched);
    else super.setNotFoundHandler(handler, ...rest);
  }

  override registerParserMiddleware(): void {}

  override initHttpServer(options: NestApplicationOptions): void {
    super.initHttpServer(options);
    this.httpServer = createExpressServer(this.getInstance(), options.httpsOptions);
    Object.assign(this.httpServer, SERVER_LIMITS);
    this.#stop = new GracefulStop(this.httpServer);
  }

  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    if (!isJson(body)) return super.reply(response, body, statusCode);
    if (statusCode !== undefined) response.statusCode = statusCode;
    const json = JSON.stringify(body);
    if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', Buffer.byteLength(json));
    return response.end(json);
  }

  override async close(): Promise<void> {
    if (this.httpServer.listening) await this.#stop?.stop();
  }
}
