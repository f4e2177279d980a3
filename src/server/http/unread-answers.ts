import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Milliseconds after which a connection is closed if the client reads nothing of a pending response. */
export const UNREAD_TIMEOUT = 30_000;

/** Milliseconds between two checks of all connections. */
const INTERVAL = 1_000;

/** Unsent bytes of a connection, and the time since when the number is unchanged. */
interface Backlog {
  readonly bytes: number;
  readonly since: number;
}

/** Closes connections whose client reads nothing of a response for `timeout` milliseconds. Slow readers are kept. */
export function closeUnread(server: Server, timeout = UNREAD_TIMEOUT): void {
  const backlogs = new Map<Socket, Backlog | null>();
  server.on('connection', (socket: Socket) => {
    backlogs.set(socket, null);
    socket.once('close', () => backlogs.delete(socket));
  });
  const look = () => {
    const now = performance.now();
    for (const [socket, before] of backlogs) {
      const bytes = waitingBytes(socket);
      if (bytes === 0) backlogs.set(socket, null);
      else if (bytes !== before?.bytes) backlogs.set(socket, { bytes, since: now });
      else if (now - before.since >= timeout) socket.destroy();
    }
  };
  server.on('listening', () => {
    const looking = setInterval(look, Math.min(INTERVAL, timeout / 4)).unref();
    server.once('close', () => clearInterval(looking));
  });
}

/** The number of unsent bytes. The system may have taken a part of a large write. */
function waitingBytes(socket: Socket): number {
  if (socket.writableLength === 0) return 0;
  // oxlint-disable-next-line no-underscore-dangle -- the socket itself counts only whole writes
  const { writeQueueSize } = (socket as { _handle?: { writeQueueSize?: number } | null })._handle ?? {};
  return socket.writableLength + (writeQueueSize ?? 0);
}
