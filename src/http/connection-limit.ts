import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';

/**
 * Hangs up on whoever connects while `max` connections are open. Node's own `maxConnections` would have workers hand a
 * connection that is one too many to each other for ever.
 */
export function limitConnections(server: Server, max: number): void {
  const logger = new Logger('Connections');
  let open = 0;
  let isFull = false;
  server.prependListener('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
    if (open > max) socket.destroy();
    if (open > max && !isFull) logger.warn(`${max} are open; others are hung up on.`);
    isFull = open > max;
  });
}
