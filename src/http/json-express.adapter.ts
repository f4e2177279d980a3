import { Server as TcpServer } from 'node:net';
import { type NestApplicationOptions, StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express/adapters/express-adapter.js';
import express, { type RequestHandler, type Response } from 'express';
import { createExpressServer } from './express-server.js';

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

/** How long, in milliseconds, connections without a request are kept once the server stops: one may be on its way. */
const IDLE_GRACE = 500;

/** How long, in milliseconds, requests in flight may take to finish once the server stops. */
const STOP_TIMEOUT = 10_000;

/**
 * Express as an API server wants it: case counts in paths, bodies are left to `BodyGuard`, JSON is
 * `application/json` and nothing more, slow clients are cut off, and stopping lets requests in flight finish.
 */
export class JsonExpressAdapter extends ExpressAdapter {
  #unmatched: RequestHandler | null = null;
  #isStopping = false;

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
  }

  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    if (!isJson(body)) return super.reply(response, body, statusCode);
    if (statusCode !== undefined) response.statusCode = statusCode;
    const json = JSON.stringify(body);
    if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', Buffer.byteLength(json));
    if (this.#isStopping) response.setHeader('Connection', 'close');
    return response.end(json);
  }

  override beforeClose(): void {
    this.#isStopping = true;
  }

  override async close(): Promise<void> {
    const server = this.httpServer;
    if (!server.listening) return;
    // Node's own `close` of an HTTP server would cut idle connections off, into the request that is on its way.
    const closed = new Promise((resolve) => TcpServer.prototype.close.call(server, resolve));
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_GRACE);
    const overdue = setTimeout(() => server.closeAllConnections(), STOP_TIMEOUT);
    await closed;
    clearInterval(idle);
    clearTimeout(overdue);
  }
}

/** Whether a body goes as JSON; bytes, streams and errors Nest knows how to send. */
function isJson(body: unknown): body is object {
  const isOther = body instanceof StreamableFile || body instanceof Uint8Array || body instanceof Error;
  return typeof body === 'object' && body !== null && !isOther;
}
