import { type NestApplicationOptions, StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express/adapters/express-adapter.js';
import express, { type RequestHandler, type Response } from 'express';
import type { ReadsBodiesAfterGuards } from '../../http/body.guard.js';
import { createExpressServer } from './express-server.js';
import { GracefulStop } from './graceful-stop.js';

/** Times in milliseconds. */
const SERVER_LIMITS = {
  // Node's own are a minute and more, which slow clients can hold a server with.
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  // Past a count Node drops headers without a word, an Origin among them; their size is bounded all the same.
  maxHeadersCount: 0,
  // Node's own check answers without a word; `entrance` makes it.
  requireHostHeader: false,
};

/**
 * Express as an API server wants it: case counts in paths, bodies are left to `BodyGuard`, JSON is
 * `application/json` and nothing more, slow clients are cut off, and stopping lets requests in flight finish.
 */
export class JsonExpressAdapter extends ExpressAdapter implements ReadsBodiesAfterGuards {
  readonly readsBodiesAfterGuards = true;
  #unmatched: RequestHandler | null = null;
  #stop: GracefulStop | null = null;

  constructor() {
    super(express().enable('case sensitive routing').disable('etag').disable('x-powered-by'));
  }

  /** Answers what no route serves. To be called before the application is initialised. */
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

/** Whether a body goes as JSON; bytes, streams and errors Nest knows how to send. */
function isJson(body: unknown): body is object {
  const isOther = body instanceof StreamableFile || body instanceof Uint8Array || body instanceof Error;
  return typeof body === 'object' && body !== null && !isOther;
}
