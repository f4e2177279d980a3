import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** What a client may still send after its answer, and for how many milliseconds. */
const LONGEST = { bytes: 32 * 1024 * 1024, time: 5_000 };

/** How many connections may be in this state at a time. */
const MOST = { inAll: 1024, perAddress: 256 };

/** A body that announces no more bytes than this is read to its end, so that the connection can be used again. */
const SHORT = 64 * 1024;

/**
 * Lets clients that are still sending their request read the answer to it (RFC 9112, section 9.6). Closing a connection
 * with unread data resets it, and the client then loses the answer. What arrives is discarded, up to a limit.
 */
export class LingeringClose {
  static readonly #ofServers = new WeakMap<Server, LingeringClose>();

  /** Connections in this state, the oldest first, each with what takes it out of the state. */
  readonly #leave = new Map<Socket, () => void>();
  readonly #perAddress = new Map<string, number>();

  /** The one of a server; made when it is first asked for. */
  static of(server: Server): LingeringClose {
    const lingering = this.#ofServers.get(server) ?? new LingeringClose();
    this.#ofServers.set(server, lingering);
    return lingering;
  }

  /** To be called before the head of an answer to a request that has not arrived in full. */
  answerEarly(response: ServerResponse): void {
    const { req: request } = response;
    if (!isShort(request)) response.setHeader('Connection', 'close');
    // Has to run before Node's own listener, which ends the connection or keeps it.
    response.prependOnceListener('finish', () => {
      const { socket } = response;
      if (socket && !request.complete) this.#discardRest(request, socket);
    });
  }

  has(socket: Socket): boolean {
    return this.#leave.has(socket);
  }

  /**
   * Ends our side of the connection and discards what the client still sends, for `time` milliseconds at most. Where too
   * many connections are in this state, it is closed at once.
   */
  close(socket: Socket, time = LONGEST.time): void {
    if (!this.#admit(socket, time)) {
      closeWhenSent(socket);
      return;
    }
    let left = LONGEST.bytes;
    // Node's parser would read further requests.
    socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) socket.destroy();
    });
    socket.once('end', () => closeWhenSent(socket)).end();
    socket.resume();
    // oxlint-disable-next-line no-underscore-dangle -- `resume` does not know that the parser has stopped reading
    socket._read(0);
  }

  /** Closes the connection that has been in this state for the longest time; false if there is none. */
  closeOldest(): boolean {
    const [oldest] = this.#leave;
    if (!oldest) return false;
    const [socket, leave] = oldest;
    leave();
    socket.destroy();
    return true;
  }

  /** So that one client, or one proxy with many behind it, keeps no other from its answer. */
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

  /** Reads the rest of a request that has been answered, to its end or a limit. */
  #discardRest(request: IncomingMessage, socket: Socket): void {
    if (!this.#admit(socket, LONGEST.time)) {
      closeWhenSent(socket);
      return;
    }
    // Node calls this where the connection ends with the answer.
    socket.destroySoon = () => (request.complete ? closeWhenSent(socket) : this.close(socket));
    request.once('end', () => this.#leave.get(socket)?.());
    request.unpipe().resume();
  }

  /** Whether the connection may be in this state; it is closed when the time ends. */
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

/** Closes a connection when all that was written to it has been handed to the system. */
function closeWhenSent(socket: Socket): void {
  Socket.prototype.destroySoon.call(socket);
}

function isShort({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? Infinity) <= SHORT;
}
