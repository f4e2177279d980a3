import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { DomainError } from '../../common/domain-error.js';

/** Close codes from 4000 on are those of applications; 1013 says that the server cannot answer now. */
const APPLICATION_CODES = 4000;
const TRY_AGAIN_LATER = 1013;

/** A question to `verifyClient` of `ws`, and how it is answered. */
export interface HandshakeInfo {
  readonly req: IncomingMessage;
}
export type HandshakeAnswer = (
  isAccepted: boolean,
  status?: number,
  body?: string,
  headers?: Record<string, string>,
) => void;
export type VerifyClient =
  ((info: HandshakeInfo) => unknown) | ((info: HandshakeInfo, answer: HandshakeAnswer) => void);

/** A server of `ws`, as far as it is used here. */
export interface WsServer {
  readonly options: { verifyClient?: VerifyClient | null };
  handleUpgrade(...args: unknown[]): unknown;
  prependListener(
    event: 'connection',
    listener: (socket: WsSocket, request: IncomingMessage) => void,
  ): unknown;
}

export interface WsSocket {
  readonly readyState: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  once(event: 'close', listener: () => void): unknown;
}

/** Closes a WebSocket. The client gets the status and the code of the error. */
export function closeWs(socket: Pick<WsSocket, 'close'>, { code, problem: { status } }: DomainError): void {
  socket.close(status === 503 ? TRY_AGAIN_LATER : APPLICATION_CODES + status, code);
}

/** The WebSocket on a connection, which `ws` keeps there under a symbol; null if another library has it. */
export function webSocketOn(connection: Socket): WsSocket | null {
  const key = Object.getOwnPropertySymbols(connection).find(({ description }) => description === 'websocket');
  return key ? ((Reflect.get(connection, key) as WsSocket | undefined) ?? null) : null;
}

/** A namespace of `socket.io`, as far as it is used here. */
export interface IoNamespace {
  readonly server: IoServer;
  use(middleware: (socket: IoSocket, next: (error?: Error) => void) => void): unknown;
  on(event: 'connection', listener: (socket: IoSocket) => void): unknown;
  listeners(event: 'connection'): readonly object[];
}

/** A server of `socket.io`. Its namespace `/` is `sockets`. */
export interface IoServer {
  readonly opts?: IoOptions;
  readonly sockets: IoNamespace;
  on(event: 'new_namespace', listener: (namespace: IoNamespace) => void): unknown;
}

interface IoOptions {
  readonly connectionStateRecovery?: { readonly skipMiddlewares?: boolean };
}

/** The connection below the namespaces of a client. */
export interface IoConnection {
  /** The request that it began with: a handshake of a WebSocket or one of polling. */
  readonly request: IncomingMessage;
  /** Closes it, without waiting for what is still to be sent if `discard` is true. */
  close(discard: boolean): unknown;
}

export interface IoSocket {
  readonly conn: IoConnection;
  readonly request: IncomingMessage;
  readonly handshake: { readonly auth?: { readonly token?: unknown } };
  emit(event: string, data: unknown): unknown;
  disconnect(): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
}

export function isWsServer(server: unknown): server is WsServer {
  const { handleUpgrade, options, prependListener } = Object(server) as Partial<WsServer>;
  return isFunction(handleUpgrade) && typeof options === 'object' && isFunction(prependListener);
}

/** The namespace of a gateway of `socket.io`, which Nest may hand over as the whole server; null for anything else. */
export function ioNamespaceOf(server: unknown): IoNamespace | null {
  const { sockets } = Object(server) as Partial<IoServer>;
  const namespace = isFunction(sockets?.use) ? sockets : (server as Partial<IoNamespace>);
  return isFunction(Object(namespace).use) && isFunction(Object(namespace).on)
    ? (namespace as IoNamespace)
    : null;
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
