import { type NestApplicationOptions, StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express/adapters/express-adapter.js';
import express, { type RequestHandler, type Response } from 'express';
import type { ReadsBodiesAfterGuards } from '../../http/body.guard.js';
import { createExpressServer } from './express-server.js';
import { GracefulStop } from './graceful-stop.js';

/** Settings of Node's HTTP server. Times are in milliseconds. */
const SERVER_LIMITS = {
  // The defaults of Node are a minute and more. Slow clients could use up all connections.
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  // Above a count, Node drops headers silently, also Origin. Their total size is limited anyway.
  maxHeadersCount: 0,
  // Node's own check sends an empty response. `entrance` does this check.
  requireHostHeader: false,
};

/**
 * Express adapter for an API server: paths are case-sensitive, `BodyGuard` reads the bodies, JSON has the type
 * `application/json` without charset, slow clients are disconnected, and a stop lets requests in flight finish.
 */
export class JsonExpressAdapter extends ExpressAdapter implements ReadsBodiesAfterGuards {
  readonly readsBodiesAfterGuards = true;
  #unmatched: RequestHandler | null = null;
  #stop: GracefulStop | null = null;

  constructor() {
    super(express().enable('case sensitive routing').disable('etag').disable('x-powered-by'));
  }

  /** Sets the handler of requests that no route serves. Call it before the application is initialised. */
  answerUnmatched(handler: RequestHandler): void {
    this.#unmatched = handler;
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

/** Whether to send a body as JSON. Nest itself sends bytes, streams and errors. */
function isJson(body: unknown): body is object {
  const isOther = body instanceof StreamableFile || body instanceof Uint8Array || body instanceof Error;
  return typeof body === 'object' && body !== null && !isOther;
}
