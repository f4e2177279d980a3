import type { IncomingMessage } from 'node:http';
import type { DomainError } from '../../common/domain-error.js';
import { type OpenSocket, SocketExchange, socketExchangeOf } from '../exchange/socket-exchange.js';
import type { GatewayDoor } from './gateway-door.js';
import {
  type HandshakeAnswer,
  type HandshakeInfo,
  type IoConnection,
  type IoNamespace,
  type IoSocket,
  type VerifyClient,
  type WsServer,
  type WsSocket,
  closeWs,
} from './socket-libraries.js';
import type { SocketWatch } from './socket-watch.js';

/** Decides handshakes of `ws` before they are answered, and then asks `verifyClient` of the application. */
export function guardWs(server: WsServer, door: GatewayDoor, watch: SocketWatch): void {
  let own = server.options.verifyClient ?? null;
  const verify = (info: HandshakeInfo, answer: HandshakeAnswer): void =>
    void answerWs(info, answer, door, () => own);
  // The application may set its function later.
  Object.defineProperty(server.options, 'verifyClient', {
    enumerable: true,
    get: () => verify,
    set: (verifyClient: VerifyClient | null) => {
      own = verifyClient;
    },
  });
  server.prependListener('connection', (socket, request) => {
    const exchange = socketExchangeOf(request);
    if (exchange?.door !== door) return socket.terminate();
    watch.open(exchange, socket, lineOfWs(socket));
    socket.once('close', () => watch.forget(exchange));
  });
}

async function answerWs(
  info: HandshakeInfo,
  answer: HandshakeAnswer,
  door: GatewayDoor,
  ownOf: () => VerifyClient | null,
): Promise<void> {
  const exchange = new SocketExchange(door, info.req, await door.requests.of(info.req));
  const refusal = await door.refusalOf(exchange);
  if (refusal) return refuseWs(exchange, refusal, answer);
  const own = ownOf();
  try {
    if (!own) answer(true);
    else if (own.length > 1) own(info, answer);
    else if ((own as (info: HandshakeInfo) => unknown)(info)) answer(true);
    else answer(false);
  } catch {
    answer(false, 500);
  }
}

function refuseWs(exchange: SocketExchange, refusal: DomainError, answer: HandshakeAnswer): void {
  const { status, contentType, body } = exchange.answerTo(refusal);
  answer(false, status, JSON.stringify(body), { ...exchange.headerLines, 'Content-Type': contentType });
}

function lineOfWs(socket: WsSocket): OpenSocket {
  const send = (event: string, data: object) => socket.send(JSON.stringify({ event, data }));
  return {
    send,
    close: (error, document) => {
      send('exception', document);
      closeWs(socket, error);
    },
    terminate: () => socket.terminate(),
  };
}

/** The open sockets of each connection of `socket.io`, which several namespaces share. */
const connections = new WeakMap<IoConnection, Set<IoSocket>>();

/** The listeners of guarded namespaces. */
const guarding = new WeakSet<object>();

/** Decides who may connect to a namespace of `socket.io`, before the middleware of the application. */
export function guardIo(namespace: IoNamespace, door: GatewayDoor, watch: SocketWatch): void {
  namespace.use((socket, next) => void answerIo(socket, next, door));
  const onConnection = (socket: IoSocket): void => {
    const exchange = socketExchangeOf(socket);
    if (exchange?.door !== door) {
      socket.disconnect();
      return;
    }
    const sharing = connections.get(socket.conn) ?? new Set();
    connections.set(socket.conn, sharing.add(socket));
    watch.open(exchange, socket, lineOfIo(socket, sharing));
    socket.once('disconnect', () => {
      sharing.delete(socket);
      watch.forget(exchange);
    });
  };
  guarding.add(onConnection);
  namespace.on('connection', onConnection);
}

/** Whether a namespace is guarded, itself or as one of those that have the middleware and listeners of a guarded one. */
export function isGuardedIo(namespace: IoNamespace): boolean {
  return namespace.listeners('connection').some((listener) => guarding.has(listener));
}

async function answerIo(socket: IoSocket, next: (error?: Error) => void, door: GatewayDoor): Promise<void> {
  const message = requestOf(socket);
  const exchange = new SocketExchange(door, message, await door.requests.of(message), socket);
  const refusal = await door.refusalOf(exchange);
  if (!refusal) return next();
  next(Object.assign(new Error(refusal.message), { data: exchange.answerTo(refusal).body }));
}

/**
 * The request of a socket, as its own: several namespaces share one connection, and each may have a token of its own in
 * `auth`. A token that is no text is an invalid one.
 */
function requestOf({ request, handshake }: IoSocket): IncomingMessage {
  const token = handshake.auth?.token ?? null;
  const hasOwn = token !== null && request.headers.authorization === undefined;
  const given = typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : '';
  const headers = hasOwn ? { ...request.headers, authorization: `Bearer ${given}` } : request.headers;
  return Object.create(request, { headers: { value: headers } }) as IncomingMessage;
}

function lineOfIo(socket: IoSocket, sharing: ReadonlySet<IoSocket>): OpenSocket {
  return {
    send: (event, data) => void socket.emit(event, data),
    close: (_error, document) => {
      socket.emit('exception', document);
      socket.disconnect();
    },
    terminate: () => {
      if (sharing.size === 0) terminateIo(socket.conn);
    },
  };
}

/** A connection that began with polling shares the socket of its first request with others behind a proxy. */
function terminateIo(connection: IoConnection): void {
  connection.close(true);
  if (connection.request.headers.upgrade !== undefined) connection.request.socket.destroy();
}
