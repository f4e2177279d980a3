import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SocketExchange } from '../exchange/socket-exchange.js';
import { initiatorOf } from '../request-initiator.js';
import { GatewayDoor } from './gateway-door.js';
import { HandshakeRequests } from './handshake-requests.js';

const PROXY = '10.0.0.1';
const FORWARDED = {
  host: '127.0.0.1:3000',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-host': 'app.example.com',
  'x-forwarded-proto': 'https',
};
const OF_CLIENT = ['203.0.113.7', 'https://app.example.com'];
const OF_PROXY = [PROXY, 'http://127.0.0.1:3000'];

let fastify: FastifyAdapter | null = null;

afterEach(async () => {
  await fastify?.close();
  fastify = null;
});

function requestsOn(adapter?: AbstractHttpAdapter): HandshakeRequests {
  const host = new HttpAdapterHost();
  if (adapter) host.httpAdapter = adapter;
  const requests = new HandshakeRequests(host);
  requests.prepare();
  return requests;
}

/** The exchange of a handshake that a proxy passes on. */
async function exchangeWith(requests: HandshakeRequests): Promise<SocketExchange> {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: PROXY });
  const message = Object.assign(new IncomingMessage(socket), { headers: FORWARDED, method: 'GET' });
  const auth = { identify: () => Promise.resolve(null) };
  const door = new GatewayDoor(requests, 1000, () => ({ status: 0, contentType: '', body: {} }), [], auth);
  return new SocketExchange(door, message, await requests.of(message));
}

async function factsOf(requests: HandshakeRequests): Promise<unknown[]> {
  const { ip, origin } = (await exchangeWith(requests)).authRequest;
  return [ip, origin];
}

describe('The request of a handshake', () => {
  it('is recorded as one of a WebSocket', async () => {
    const { authRequest } = await exchangeWith(requestsOn());
    expect(initiatorOf(authRequest).via).toBe('websocket');
  });

  it('follows `trust proxy` of Express', async () => {
    const adapter = new ExpressAdapter();
    const requests = requestsOn(adapter);
    expect(await factsOf(requests)).toEqual(OF_PROXY);
    adapter.set('trust proxy', PROXY);
    expect(await factsOf(requests)).toEqual(OF_CLIENT);
    adapter.set('trust proxy', '10.9.9.9');
    expect(await factsOf(requests)).toEqual(OF_PROXY);
  });

  it.each([
    [false, OF_PROXY],
    [PROXY, OF_CLIENT],
    ['10.9.9.9', OF_PROXY],
  ])('follows `trustProxy` of Fastify: %s', async (trustProxy, facts) => {
    fastify = new FastifyAdapter({ trustProxy });
    const requests = requestsOn(fastify);
    await fastify.getInstance().listen({ host: '127.0.0.1', port: 0 });
    const { port } = fastify.getInstance().server.address() as { port: number };
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect(await factsOf(requests)).toEqual(facts);
  });

  it('trusts no proxy where Fastify cannot be asked, and without HTTP', async () => {
    fastify = new FastifyAdapter({ trustProxy: true });
    await fastify.close();
    expect(await factsOf(requestsOn(new FastifyAdapter({ trustProxy: true })))).toEqual(OF_PROXY);
    expect(await factsOf(requestsOn())).toEqual(OF_PROXY);
  });
});
