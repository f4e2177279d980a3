import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** Bytes that a client may still send after its response, and milliseconds for it. */
const LONGEST = { bytes: 32 * 1024 * 1024, time: 5_000 };

/** Maximum number of lingering connections. */
const MOST = { inAll: 1024, perAddress: 256 };

/** Bytes. A body with at most this Content-Length is read to its end, so that the connection can be reused. */
const SHORT = 64 * 1024;

/**
 * Lets clients that are still sending their request read the answer to it (RFC 9112, section 9.6). Closing a connection
 * with unread data resets it, and the client then loses the answer. What arrives is discarded, up to a limit.
 */
export class LingeringClose {
  static readonly #ofServers = new WeakMap<Server, LingeringClose>();

  /** Lingering connections, oldest first, each with the function that removes it. */
  readonly #leave = new Map<Socket, () => void>();
  readonly #perAddress = new Map<string, number>();

  /** The instance of a server; created at the first call. */
  static of(server: Server): LingeringClose {
    const lingering = this.#ofServers.get(server) ?? new LingeringClose();
    this.#ofServers.set(server, lingering);
    return lingering;
  }

  /** Call this before the response head is written, if the request has not arrived completely. */
  answerEarly(response: ServerResponse): void {
    const { req: request } = response;
    if (!isShort(request)) response.setHeader('Connection', 'close');
    // Must run before the listener of Node, which closes or keeps the connection.
    response.prependOnceListener('finish', () => {
      const { socket } = response;
      if (socket && !request.complete) this.#discardRest(request, socket);
    });
  }

  has(socket: Socket): boolean {
    return this.#leave.has(socket);
  }

  /**
   * Ends this side of the connection and discards what the client still sends, for at most `time` milliseconds. If there
   * are too many lingering connections, the oldest one is closed.
   */
  close(socket: Socket, time = LONGEST.time): void {
    if (!this.#admit(socket, time)) {
      closeWhenSent(socket);
      return;
    }
    let left = LONGEST.bytes;
    // Otherwise Node's parser would read further requests.
    socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) socket.destroy();
    });
    socket.once('end', () => closeWhenSent(socket)).end();
    socket.resume();
    // oxlint-disable-next-line no-underscore-dangle -- `resume` does not know that the parser has stopped reading
    socket._read(0);
  }

  /** Closes the oldest lingering connection; false if there is none. */
  closeOldest(): boolean {
    const [oldest] = this.#leave;
    if (!oldest) return false;
    const [socket, leave] = oldest;
    leave();
    socket.destroy();
    return true;
  }

  /** Closes the oldest one of an address, so that one client or proxy cannot use up all places. */
  #closeOldestOf(address: string): void {
    for (const [socket, leave] of this.#leave) {
      if ((socket.remoteAddress ?? address) !== address) continue;
      leave();
      socket.destroy();
      return;
    }
  }

  closeAll(): void {
    while (this.closeOldest());
  }

  /** Discards the rest of an answered request, up to the limits. */
  #discardRest(request: IncomingMessage, socket: Socket): void {
    if (!this.#admit(socket, LONGEST.time)) {
      closeWhenSent(socket);
      return;
    }
    // Node calls this to close the connection after the response.
    socket.destroySoon = () => (request.complete ? closeWhenSent(socket) : this.close(socket));
    request.once('end', () => this.#leave.get(socket)?.());
    request.unpipe().resume();
  }

  /** Adds a lingering connection, which is closed after `time` milliseconds; false if it is already closed. */
  #admit(socket: Socket, time: number): boolean {
    if (this.has(socket)) return true;
    const address = socket.remoteAddress ?? '';
    const ofAddress = this.#perAddress.get(address) ?? 0;
    if (socket.destroyed) return false;
    if (ofAddress >= MOST.perAddress) this.#closeOldestOf(address);
    else if (this.#leave.size >= MOST.inAll) this.closeOldest();
    this.#count(address, 1);
    const overdue = setTimeout(() => socket.destroy(), time).unref();
    const leave = () => {
      clearTimeout(overdue);
      socket.off('close', leave);
      this.#count(address, -1);
      this.#leave.delete(socket);
    };
    this.#leave.set(socket, leave);
    socket.once('close', leave);
    return true;
  }

  #count(address: string, change: 1 | -1): void {
    const count = (this.#perAddress.get(address) ?? 0) + change;
    if (count > 0) this.#perAddress.set(address, count);
    else this.#perAddress.delete(address);
  }
}

/** Closes a connection after all written data was handed to the operating system. */
function closeWhenSent(socket: Socket): void {
  Socket.prototype.destroySoon.call(socket);
}

function isShort({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? Infinity) <= SHORT;
}
