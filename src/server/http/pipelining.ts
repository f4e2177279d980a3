import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** Maximum number of requests of a connection that wait for the current one. One more closes the connection. */
export const MOST_WAITING = 100;

const WAITING = Symbol('waiting requests');

/** Return value that makes Node's parser stop. */
const STOP = 2;

interface PipelinedSocket extends Socket {
  [WAITING]?: number;
  parser?: { onIncoming?: (request: IncomingMessage, keepAlive: boolean) => number } | null;
}

/**
 * Starts a pipelined request after the earlier requests of its connection are answered (RFC 9112, section 9.3.2). Node
 * would start all at once, and a later change could take effect before an earlier one.
 */
export function inOrder(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (response.socket) {
      listener(request, response);
      return;
    }
    const socket = request.socket as PipelinedSocket;
    socket[WAITING] = (socket[WAITING] ?? 0) + 1;
    // Node emits this event when the earlier responses have been sent.
    response.once('socket', () => {
      socket[WAITING]! -= 1;
      listener(request, response);
    });
  };
}

/** Closes connections with too many waiting requests. One read can contain hundreds, and each takes memory. */
export function limitPipelining(server: Server): void {
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: PipelinedSocket) => {
    const { parser } = socket;
    const read = parser?.onIncoming;
    if (!parser || !read) return;
    parser.onIncoming = (request, keepAlive) => {
      if ((socket[WAITING] ?? 0) < MOST_WAITING) return read(request, keepAlive);
      socket.destroy();
      return STOP;
    };
  });
}
