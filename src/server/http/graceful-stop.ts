import type { Server } from 'node:http';
import { type Socket, Server as TcpServer } from 'node:net';
import { LingeringClose } from './lingering-close.js';

/** Milliseconds that connections without a request are kept: one may be on its way. */
const IDLE_GRACE = 500;

/** Milliseconds that requests in flight may take to finish: the whole end of the process takes less than ten seconds. */
const STOP_TIMEOUT = 7_500;

/** Stops a server: requests in flight are finished, connections without one are closed. Takes 7.5 seconds at most. */
export class GracefulStop {
  readonly #open = new Set<Socket>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  async stop(): Promise<void> {
    // Node's own `close` of an HTTP server would close idle connections at once, and no longer time requests out.
    const closed = new Promise((resolve) => TcpServer.prototype.close.call(this.server, resolve));
    const idle = setInterval(() => this.#closeIdle(), IDLE_GRACE);
    const overdue = setTimeout(() => this.#closeAll(), STOP_TIMEOUT);
    await closed;
    clearInterval(idle);
    clearTimeout(overdue);
  }

  #closeIdle(): void {
    this.server.closeIdleConnections();
    LingeringClose.of(this.server).closeAll();
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
    // Node answers 408 to those whose headers have not arrived by then.
    this.server.headersTimeout = IDLE_GRACE;
  }

  #closeAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
