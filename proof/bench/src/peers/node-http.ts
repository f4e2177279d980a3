import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HOST, PORT, announce } from './environment.js';
import { ANYBODY } from './people.js';

/** The limit of the runtime: one answer to everything. */
const server = createServer((_request, response) => {
  const body = JSON.stringify(ANYBODY);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
});
server.listen(PORT, HOST, () => announce(server.address() as AddressInfo));
