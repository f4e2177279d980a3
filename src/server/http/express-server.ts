import { IncomingMessage, type RequestListener, type Server, ServerResponse, createServer } from 'node:http';
import { type ServerOptions, createServer as createHttpsServer } from 'node:https';
import type { Express, Request } from 'express';
import { noteUse } from './connection-limit.js';
import { clientAddressOf } from './forwarded-for.js';
import { LingeringClose } from './lingering-close.js';
import { inOrder, limitPipelining } from './pipelining.js';
import { NO_PATH } from './request-checks.js';
import { closeUnread } from './unread-answers.js';

/** In milliseconds; Node's own is two minutes. */
const HANDSHAKE_TIMEOUT = 10_000;

/**
 * A server whose requests and responses are born as those of an Express application. Express would change the prototype
 * of each, and V8 would then forget what it has learnt of their shape, which halves the speed of every route.
 */
export function createExpressServer(app: Express, https?: ServerOptions): Server {
  class ExpressRequest extends IncomingMessage {
    /** Express would hand out whatever a proxy wrote, with its port and brackets. */
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
  app.request = standBefore(ExpressRequest.prototype, app.request);
  app.response = standBefore(ExpressResponse.prototype, app.response);
  const types = { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
  const listener = inOrder(together(withPath(app as RequestListener)));
  const server = https
    ? createHttpsServer({ handshakeTimeout: HANDSHAKE_TIMEOUT, ...https, ...types }, listener)
    : createServer(types, listener);
  const lingering = LingeringClose.of(server);
  limitPipelining(server);
  closeUnread(server);
  return server.on('checkContinue', continueWhenRead);
}

/** The prototype `own`, which now inherits all that `inherited` has. */
function standBefore<T extends object>(own: object, inherited: T): T {
  return Object.setPrototypeOf(own, inherited) as T;
}

/**
 * Handles the requests of one turn of the event loop side by side, each step of the way for all of them before the next,
 * and so answers them in one go: among many, each then costs little more than half.
 */
function together(listener: RequestListener): RequestListener {
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
 * Gives a target in which Express finds no path, such as `http://[::1/`, the form that `isWellFormed` refuses: Express would
 * answer it past everything that the application has.
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

/** Answers `Expect: 100-continue` when the body is read: a client whose request is refused need not send it. */
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
