import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { Logger } from '@nestjs/common';
import { LingeringClose } from './lingering-close.js';

/** Milliseconds between two searches for idle connections, which look at all that are open. */
const SEARCH_INTERVAL = 100;

const LAST_USE = Symbol('last use');

interface UsedSocket extends Socket {
  /** A number that is higher for later uses. */
  [LAST_USE]?: number;
}

let uses = 0;

/** Notes that a request of this connection is answered now. */
export function noteUse(socket: Socket): void {
  (socket as UsedSocket)[LAST_USE] = ++uses;
}

/**
 * Keeps at most `max` connections open. A new one takes the place of one whose request is answered: first of one that is
 * only read to its end, then of the one that was not used for the longest time. Where every connection has a request,
 * the new one is closed. Node's own `maxConnections` would have workers hand it to each other for ever.
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
      logger.warn(`${max} connections are open, the most allowed: idle ones are closed, then new ones.`);
    isFull = open > max;
  });
}

/** The connections of a server that wait for their next request. */
class IdleConnections {
  readonly #open = new Set<UsedSocket>();
  /** Those found by the last search, the least recently used one last. */
  #found: UsedSocket[] = [];
  #searched = -Infinity;

  constructor(private readonly server: Server) {
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Closes the one that was not used for the longest time; false if none is idle. */
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

  /** Between two requests, Node sets the time-out of the socket, and takes it away with the next one. */
  #isIdle({ destroyed, timeout }: Socket): boolean {
    return !destroyed && timeout !== undefined && timeout > 0 && timeout !== this.server.timeout;
  }
}
