import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { createExpressServer } from './express-server.js';

describe('A server for an Express application', () => {
  const app = express();
  const server = createExpressServer(app);
  app.get('/', (request, response) => void response.json({ from: request.get('x-from') }));

  afterEach(() => {
    server.close();
  });

  it('makes requests and responses that are Express’s already, and are served', async () => {
    const born: object[] = [];
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
      born.push(Object.getPrototypeOf(request) as object, Object.getPrototypeOf(response) as object),
    );
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-from': 'here' } });
    expect(await answer.json()).toEqual({ from: 'here' });
    expect(born[0]).toBe(app.request);
    expect(born[1]).toBe(app.response);
  });
});
