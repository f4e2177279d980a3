import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** How many requests of a connection may wait behind the one that is being answered; with one more it is closed. */
export const MOST_WAITING = 100;

const WAITING = Symbol('waiting requests');

/** What Node's parser makes of a return value: 2 ends its work on what has arrived. */
const STOP = 2;

interface PipelinedSocket extends Socket {
  [WAITING]?: number;
  parser?: { onIncoming?: (request: IncomingMessage, keepAlive: boolean) => number } | null;
}

/**
 * Begins a pipelined request when those before it on the connection are answered (RFC 9112, section 9.3.2). Node would begin
 * all at once, and a change could be made before the one that was asked for first.
 */
export function inOrder(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (response.socket) {
      listener(request, response);
      return;
    }
    const socket = request.socket as PipelinedSocket;
    socket[WAITING] = (socket[WAITING] ?? 0) + 1;
    // Node emits it when the answers before this one have been sent.
    response.once('socket', () => {
      socket[WAITING]! -= 1;
      listener(request, response);
    });
  };
}

/** Closes connections on which too many requests wait: a single read has hundreds, and each takes memory. */
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
