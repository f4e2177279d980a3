import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { Logger } from '@nestjs/common';
import { LingeringClose } from './lingering-close.js';

/** Milliseconds between two searches for idle connections. A search examines all open connections. */
const SEARCH_INTERVAL = 100;

const LAST_USE = Symbol('last use');

interface UsedSocket extends Socket {
  /** Sequence number of the last use. */
  [LAST_USE]?: number;
}

let uses = 0;

/** Records that a response is sent on this connection now. */
export function noteUse(socket: Socket): void {
  (socket as UsedSocket)[LAST_USE] = ++uses;
}

/**
 * Keeps at most `max` connections open. For a new connection it closes one without a pending request: first a lingering
 * one, then the least recently used idle one. If every connection has a request, it closes the new one. Node's own
 * `maxConnections` would make workers pass the connection to each other without end.
 */
export function limitConnections(server: Server, max: number): void {
  const logger = new Logger('Connections');
  const lingering = LingeringClose.of(server);
  const idle = new IdleConnections(server);
  let open = 0;
  let isFull = false;
  server.prependListener('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
    if (open > max && !lingering.closeOldest() && !idle.closeLeastRecent()) socket.destroy();
    if (open > max && !isFull)
      logger.warn(`The limit of ${max} connections is reached. Idle connections are closed, then new ones.`);
    isFull = open > max;
  });
}

/** Finds the connections of a server that wait for their next request. */
class IdleConnections {
  readonly #open = new Set<UsedSocket>();
  /** Result of the last search; the least recently used connection is last. */
  #found: UsedSocket[] = [];
  #searched = -Infinity;

  constructor(private readonly server: Server) {
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Closes the least recently used idle connection; false if there is none. */
  closeLeastRecent(): boolean {
    if (this.#found.length === 0) this.#search();
    for (let socket = this.#found.pop(); socket; socket = this.#found.pop()) {
      if (!this.#isIdle(socket)) continue;
      socket.destroy();
      return true;
    }
    return false;
  }

  #search(): void {
    const now = performance.now();
    if (now - this.#searched < SEARCH_INTERVAL) return;
    this.#searched = now;
    this.#found = [...this.#open]
      .filter((socket) => this.#isIdle(socket))
      .toSorted((a, b) => (b[LAST_USE] ?? 0) - (a[LAST_USE] ?? 0));
  }

  /** Node sets the timeout of the socket between two requests, and removes it at the next one. */
  #isIdle({ destroyed, timeout }: Socket): boolean {
    return !destroyed && timeout !== undefined && timeout > 0 && timeout !== this.server.timeout;
  }
}
