import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { createExpressServer } from './express-server.js';

describe('A server for an Express application', () => {
  const app = express();
  const server = createExpressServer(app);
  app.get('/', (request, response) => void response.json({ from: request.get('x-from') }));

  const listen = async () => {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  afterEach(() => {
    server.close();
  });

  it('handles the requests of one tick concurrently', async () => {
    const steps: string[] = [];
    app.get('/steps', async (_request, response) => {
      steps.push('first');
      await Promise.resolve();
      steps.push('second');
      response.end();
    });
    const port = await listen();
    const sockets = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    for (const path of ['/', '/steps']) {
      const answers = sockets.map((socket) => once(socket, 'data'));
      for (const socket of sockets) socket.write(`GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`);
      await Promise.all(answers);
    }
    for (const socket of sockets) socket.destroy();
    expect(steps).toEqual(['first', 'first', 'second', 'second']);
  });

  it('creates requests and responses with the prototypes of Express', async () => {
    const born: object[] = [];
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
      born.push(Object.getPrototypeOf(request) as object, Object.getPrototypeOf(response) as object),
    );
    const port = await listen();
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-from': 'here' } });
    expect(await answer.json()).toEqual({ from: 'here' });
    expect(born[0]).toBe(app.request);
    expect(born[1]).toBe(app.response);
  });
});
