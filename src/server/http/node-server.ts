import {
  IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  createServer,
} from 'node:http';
import { type ServerOptions, createServer as createHttpsServer } from 'node:https';
import { noteUse } from './connection-limit.js';
import { clientAddressOf, hostOf, protocolOf } from './forwarded.js';
import { LingeringClose } from './lingering-close.js';
import { inOrder, limitPipelining } from './pipelining.js';
import type { ProxyTrust } from './proxy-trust.js';
import { NO_PATH, pathOf } from './request-checks.js';
import { responseType } from './server-response.js';
import { closeUnread } from './unread-answers.js';

/** Milliseconds. The default of Node is two minutes. */
const HANDSHAKE_TIMEOUT = 10_000;

/** Settings of Node's HTTP server. Times are in milliseconds. */
export const SERVER_LIMITS = {
  // The defaults of Node are a minute and more. Slow clients could use up all connections.
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  // Above a count, Node drops headers silently, also Origin. Their total size is limited anyway.
  maxHeadersCount: 0,
  // Node's own check sends an empty response. `entrance` does this check.
  requireHostHeader: false,
};

/** A request that knows its client, also behind trusted proxies. */
export interface ClientMessage extends IncomingMessage {
  /** The address without port and brackets. */
  readonly ip: string | undefined;
  readonly protocol: string;
  readonly host: string | undefined;
}

/** A server, and the prototypes of its requests and responses. */
export interface NodeServer {
  readonly server: Server;
  readonly requests: ClientMessage;
  readonly responses: ServerResponse;
}

/** Creates the HTTP server of both adapters. */
export function createNodeServer(
  handler: RequestListener,
  isTrusted: ProxyTrust,
  https?: ServerOptions,
): NodeServer {
  class KnownMessage extends IncomingMessage implements ClientMessage {
    get ip(): string | undefined {
      return clientAddressOf(this, isTrusted) ?? undefined;
    }

    get protocol(): string {
      return protocolOf(this, isTrusted);
    }

    get host(): string | undefined {
      return hostOf(this, isTrusted);
    }
  }
  const KnownResponse = responseType((response) => {
    const { req: request, socket } = response;
    if (!request.complete) lingering.answerEarly(response);
    if (!server.listening) response.setHeader('Connection', 'close');
    if (socket) noteUse(socket);
  });
  const types = { IncomingMessage: KnownMessage, ServerResponse: KnownResponse };
  const listener = inOrder(startTogether(withPath(handler)));
  const server = https
    ? createHttpsServer({ handshakeTimeout: HANDSHAKE_TIMEOUT, ...https, ...types }, listener)
    : createServer(types, listener);
  const lingering = LingeringClose.of(server);
  limitPipelining(server);
  closeUnread(server);
  server.on('checkContinue', continueWhenRead);
  return { server, requests: KnownMessage.prototype, responses: KnownResponse.prototype };
}

/** Starts the requests of one tick together, so that each step runs for all of them. Under load this nearly halves the cost. */
function startTogether(listener: RequestListener): RequestListener {
  let arrived: Parameters<RequestListener>[] = [];
  const handle = () => {
    const requests = arrived;
    arrived = [];
    for (const request of requests) listener(...request);
  };
  return (...request) => {
    if (arrived.push(request) === 1) setImmediate(handle);
  };
}

/**
 * Replaces a target without a valid path, such as `http://[::1/`, by one that `isWellFormed` refuses. Otherwise a router
 * would send its own error, or serve another path.
 */
function withPath(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (pathOf(request.url!) === null) request.url = NO_PATH;
    listener(request, response);
  };
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
