import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { createExpressServer } from './express-server.js';
import { MOST_WAITING } from './pipelining.js';
import { closeUnread } from './unread-answers.js';
import { createServer } from 'node:http';

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function open(port: number): { socket: Socket; received: () => string; closed: () => boolean } {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  sockets.push(socket);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  return { socket, received: () => received, closed: () => socket.closed };
}

const request = (method: string, path: string, body = '') =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('Pipelined requests', () => {
  const pipelined = async () => {
    const steps: string[] = [];
    const finish: (() => void)[] = [];
    const app = express();
    app.use((one, response) => {
      steps.push(`${one.method} ${one.url}`);
      finish.push(() => response.end(one.url));
    });
    return { steps, finish, port: await listen(createExpressServer(app)) };
  };

  it.each([
    ['POST', 'POST'],
    ['GET', 'DELETE'],
    ['PUT', 'GET'],
  ])('%s and %s start one after the other, and are answered in order', async (first, second) => {
    const { steps, finish, port } = await pipelined();
    const { socket, received } = open(port);
    socket.write(request(first, '/1', 'body 1') + request(second, '/2') + request('GET', '/3'));
    await delay(100);
    expect(steps).toEqual([`${first} /1`]);
    for (const path of [`${second} /2`, 'GET /3']) {
      finish.shift()!();
      await delay(50);
      expect(steps.at(-1)).toBe(path);
    }
    finish.shift()!();
    await delay(50);
    expect(received().match(/\/\d$|\/\d(?=HTTP)/gm)).toEqual(['/1', '/2', '/3']);
  });

  it('are not started after the client has closed the connection', async () => {
    const { steps, finish, port } = await pipelined();
    const { socket } = open(port);
    socket.write(request('POST', '/1') + request('POST', '/2'));
    await delay(50);
    socket.destroy();
    await delay(50);
    finish.shift()!();
    await delay(50);
    expect(steps).toEqual(['POST /1']);
  });

  it('are all answered while few wait', async () => {
    const { finish, port } = await pipelined();
    const { socket, received, closed } = open(port);
    for (const batch of [1, 2]) {
      socket.write(request('GET', '/1').repeat(1 + MOST_WAITING));
      for (let answered = 0; answered <= MOST_WAITING; answered += 1) {
        while (finish.length === 0 && !closed()) await delay(1);
        finish.shift()?.();
      }
      await delay(50);
      expect(received().match(/200 OK/g)).toHaveLength(batch * (1 + MOST_WAITING));
    }
    expect(closed()).toBe(false);
  });

  it('close the connection if too many wait', async () => {
    const { steps, port } = await pipelined();
    const { socket } = open(port);
    socket.write(request('GET', '/1').repeat(2 + MOST_WAITING));
    await once(socket, 'close');
    expect(steps.length).toBeLessThanOrEqual(1);
  });
});

describe('An answer', () => {
  const LARGE = Buffer.alloc(32 * 1024 * 1024);
  const serve = (listener: RequestListener, limit = 400) => {
    const server = createServer(listener);
    closeUnread(server, limit);
    return listen(server);
  };

  it.each<[string, RequestListener]>([
    ['in one piece', (_, response) => response.end(LARGE)],
    [
      'in many pieces',
      (_, response) => {
        for (let at = 0; at < LARGE.length; at += 65_536) response.write(LARGE.subarray(at, at + 65_536));
        response.end();
      },
    ],
  ])('%s that is not read closes the connection', async (_, listener) => {
    const port = await serve(listener);
    const { socket } = open(port);
    socket.pause();
    socket.write(request('GET', '/'));
    const [server] = servers;
    const begin = performance.now();
    const count = () =>
      new Promise<number>((resolve) => void server!.getConnections((__, open_) => resolve(open_)));
    while ((await count()) === 0) await delay(5);
    while ((await count()) > 0) await delay(20);
    expect(performance.now() - begin).toBeGreaterThan(380);
  });

  it('that is read slowly but steadily arrives completely', async () => {
    // A busy machine may pause this process for a second.
    const limit = 1500;
    const port = await serve((_, response) => response.end(LARGE), limit);
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
    socket.write(request('GET', '/'));
    const begin = performance.now();
    while (received < LARGE.length && !socket.closed) await delay(50);
    expect(received).toBeGreaterThan(LARGE.length);
    expect(performance.now() - begin).toBeGreaterThan(limit + 100);
  });

  it('that takes long to produce does not close the connection', async () => {
    const port = await serve((_, response) => void setTimeout(() => response.end('late'), 800));
    const { socket, received } = open(port);
    socket.write(request('GET', '/'));
    await delay(1200);
    expect(received()).toMatch(/late$/);
  });
});
