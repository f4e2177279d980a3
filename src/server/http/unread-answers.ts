import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Milliseconds in which a client has to take some of an answer that waits for it. */
export const UNREAD_TIMEOUT = 30_000;

/** Milliseconds between two looks at all connections. */
const INTERVAL = 1_000;

/** What waits to be sent on a connection, and since when it has been as much. */
interface Backlog {
  readonly bytes: number;
  readonly since: number;
}

/** Closes connections whose client takes nothing of an answer for `timeout` milliseconds. Slow clients are served. */
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

/** Of a large write, the system may have taken a part. */
function waitingBytes(socket: Socket): number {
  if (socket.writableLength === 0) return 0;
  // oxlint-disable-next-line no-underscore-dangle -- the socket itself tells of whole writes alone
  const { writeQueueSize } = (socket as { _handle?: { writeQueueSize?: number } | null })._handle ?? {};
  return socket.writableLength + (writeQueueSize ?? 0);
}
