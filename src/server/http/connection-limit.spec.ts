import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { limitConnections } from './connection-limit.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe.each([
  ['HTTP', () => createServer((_, response) => response.end('served'))],
  ['HTTPS', () => createHttpsServer()],
])('A server of %s with a connection limit', (protocol, create) => {
  const sockets: Socket[] = [];
  let server: Server;

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  async function listen(max: number): Promise<void> {
    Logger.overrideLogger(false);
    server = create();
    limitConnections(server, max);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  }

  /** Connects, and resolves after the server has accepted or closed the connection. */
  async function knock(): Promise<{ socket: Socket; isOpen: boolean }> {
    const taken = once(server, 'connection') as Promise<[Socket]>;
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    const [[served]] = await Promise.all([taken, once(socket, 'connect')]);
    return { socket, isOpen: !served.destroyed };
  }

  async function knocks(count: number): Promise<boolean[]> {
    const answers: boolean[] = [];
    while (answers.length < count) answers.push((await knock()).isOpen);
    return answers;
  }

  it('accepts connections up to the limit, and closes further ones', async () => {
    await listen(2);
    expect(await knocks(5)).toEqual([true, true, false, false, false]);
    const { socket } = await knock();
    if (!socket.closed) await once(socket, 'close');
    expect(socket.bytesRead).toBe(0);
  });

  it('accepts another connection after one has closed', async () => {
    await listen(1);
    const { socket } = await knock();
    expect(await knocks(2)).toEqual([false, false]);
    const [gone] = sockets;
    gone!.destroy();
    await new Promise<void>((resolve) => {
      const look = () =>
        server.getConnections((_, count) => (count === 0 ? resolve() : void setImmediate(look)));
      look();
    });
    expect(socket.destroyed).toBe(true);
    expect(await knocks(2)).toEqual([true, false]);
  });

  if (protocol === 'HTTP') {
    it('serves the accepted connections while the limit is reached', async () => {
      await listen(1);
      const { socket } = await knock();
      await knocks(3);
      socket.write(REQUEST);
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
    });
  }
});
