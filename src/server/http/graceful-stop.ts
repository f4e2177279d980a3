import type { Server } from 'node:http';
import { type Socket, Server as TcpServer } from 'node:net';
import { LingeringClose } from './lingering-close.js';

/** Milliseconds that connections without a request stay open, because a request may be in transit. */
const IDLE_GRACE = 500;

/** Milliseconds that requests in flight may take to finish. The process must end within ten seconds. */
const STOP_TIMEOUT = 7_500;

/** Stops a server: lets requests in flight finish and closes other connections. Takes at most 7.5 seconds. */
export class GracefulStop {
  readonly #open = new Set<Socket>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  async stop(): Promise<void> {
    // `close` of Node's HTTP server would close idle connections at once and stop the request timeouts.
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
    // Node answers 408 if the headers do not arrive within this time.
    this.server.headersTimeout = IDLE_GRACE;
  }

  #closeAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
