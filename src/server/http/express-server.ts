import { IncomingMessage, type RequestListener, type Server, ServerResponse, createServer } from 'node:http';
import { type ServerOptions, createServer as createHttpsServer } from 'node:https';
import type { Express, Request } from 'express';
import { noteUse } from './connection-limit.js';
import { clientAddressOf } from './forwarded-for.js';
import { LingeringClose } from './lingering-close.js';
import { inOrder, limitPipelining } from './pipelining.js';
import { NO_PATH } from './request-checks.js';
import { closeUnread } from './unread-answers.js';

/** Milliseconds. The default of Node is two minutes. */
const HANDSHAKE_TIMEOUT = 10_000;

/**
 * Creates a server whose requests and responses have the prototypes of the Express application from the start. Express
 * would set the prototype of each one, which makes V8 discard its optimizations and halves the speed of every route.
 */
export function createExpressServer(app: Express, https?: ServerOptions): Server {
  class ExpressRequest extends IncomingMessage {
    /** The address of the client without port and brackets; Express returns the text of the proxy unchanged. */
    get ip(): string | undefined {
      return clientAddressOf(this as unknown as Request) ?? undefined;
    }
  }
  class ExpressResponse extends ServerResponse {
    override writeHead(...head: [status: number, ...rest: unknown[]]): this {
      const { req: request, socket } = this;
      if (!request.complete) lingering.answerEarly(this);
      if (!server.listening) this.setHeader('Connection', 'close');
      if (socket) noteUse(socket);
      return super.writeHead(...(head as Parameters<ServerResponse['writeHead']>));
    }
  }
  app.request = inheritFrom(ExpressRequest.prototype, app.request);
  app.response = inheritFrom(ExpressResponse.prototype, app.response);
  const types = { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
  const listener = inOrder(startTogether(withPath(app as RequestListener)));
  const server = https
    ? createHttpsServer({ handshakeTimeout: HANDSHAKE_TIMEOUT, ...https, ...types }, listener)
    : createServer(types, listener);
  const lingering = LingeringClose.of(server);
  limitPipelining(server);
  closeUnread(server);
  return server.on('checkContinue', continueWhenRead);
}

/** Makes `own` inherit from `inherited`, and returns it. */
function inheritFrom<T extends object>(own: object, inherited: T): T {
  return Object.setPrototypeOf(own, inherited) as T;
}

/** Starts the requests of one tick together, so that each step runs for all of them. Under load this nearly halves the cost. */
function startTogether(listener: RequestListener): RequestListener {
  let arrived: Parameters<RequestListener>[] = [];
  const handle = () => {
    for (const request of arrived) queueMicrotask(() => listener(...request));
    arrived = [];
  };
  return (...request) => {
    if (arrived.push(request) === 1) setImmediate(handle);
  };
}

/**
 * Replaces a target without a valid path, such as `http://[::1/`, by one that `isWellFormed` refuses. Otherwise Express
 * would send its own error before any middleware runs.
 */
function withPath(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (pathOf(request as Request) === null) request.url = NO_PATH;
    listener(request, response);
  };
}

function pathOf(request: Request): string | null {
  try {
    return request.path;
  } catch {
    return null;
  }
}

/** Answers `Expect: 100-continue` when the body is read, so that a refused client does not have to send it. */
function continueWhenRead(this: Server, request: IncomingMessage, response: ServerResponse): void {
  /* oxlint-disable no-underscore-dangle -- Node calls it when somebody reads, whatever way that is done */
  request._read = (size) => {
    Reflect.deleteProperty(request, '_read');
    if (!response.headersSent) response.writeContinue();
    request._read(size);
  };
  /* oxlint-enable no-underscore-dangle */
  this.emit('request', request, response);
}
