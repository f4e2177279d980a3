import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { anExchange } from '../../../test/support/exchange.js';
import { aUser } from '../../testing/samples.js';
import { identityOf } from '../../users/identity.js';
import { type Exchange, authRequestOf, exchangeIn, exchangeOf } from './exchange.js';
import type { HttpExchange, HttpReply, HttpResponse } from './http-exchange.js';
import { addToVary, valuesOf } from './response-headers.js';

type Headers = Readonly<Record<string, string>>;

const message = (headers: Headers) =>
  Object.assign(new IncomingMessage(new Socket()), { headers, method: 'POST', url: '/' });

/** A reply as Fastify's: it keeps the headers, and adds every `set-cookie` to the others. */
class Reply implements HttpReply {
  readonly #headers = new Map<string, number | string | string[]>();
  readonly raw: ServerResponse;
  sent = false;
  body: unknown;

  constructor(request: IncomingMessage) {
    this.raw = new ServerResponse(request);
  }

  getHeader(name: string) {
    return this.#headers.get(name.toLowerCase());
  }

  header(name: string, value: string) {
    const key = name.toLowerCase();
    const set = key === 'set-cookie' ? [this.#headers.get(key) ?? []].flat().map(String) : [];
    this.#headers.set(key, set.length > 0 ? [...set, value].flat() : value);
  }

  removeHeader(name: string) {
    this.#headers.delete(name.toLowerCase());
  }

  code(status: number) {
    this.raw.statusCode = status;
    return { send: (body: unknown) => (this.body = body) };
  }
}

const node = (headers: Headers): HttpExchange => {
  const request = message(headers);
  return { request, response: new ServerResponse(request) };
};
const express = (headers: Headers): HttpExchange => anExchange(headers, { method: 'POST' });
const fastify = (headers: Headers): HttpExchange => {
  const raw = message(headers);
  const request = { raw, ip: '192.0.2.7', protocol: 'https', host: headers.host, body: {} };
  return { request, response: new Reply(raw) };
};

describe.each([
  ['Node', node],
  ['Express', express],
  ['Fastify', fastify],
])('The exchange of %s', (_, pairWith) => {
  it('is one for a request, however the request is got', () => {
    const pair = pairWith({});
    const exchange = exchangeIn(pair);
    expect(exchangeIn(exchange)).toBe(exchange);
    expect(exchangeIn({ ...pair })).toBe(exchange);
    expect(exchangeOf(pair.request)).toBe(exchange);
    expect(exchangeOf(exchange.message)).toBe(exchange);
    expect(authRequestOf(pair.request)).toBe(exchange.authRequest);
  });

  it('has the request as strategies read it', () => {
    const { authRequest } = exchangeIn(pairWith({ host: 'api.example.com', cookie: 'sid=1' }));
    expect(authRequest).toMatchObject({ method: 'POST', headers: { cookie: 'sid=1' }, id: null });
    expect(authRequest.origin).toMatch(/^https?:\/\/api\.example\.com$/);
    expect(authRequest.originWith('https')).toBe('https://api.example.com');
    expect(authRequest.connection).toBeInstanceOf(Socket);
  });

  it.each(['', '[::1', 'a b'])('has no origin with the host %j', (host) => {
    expect(exchangeIn(pairWith({ host })).authRequest.origin).toBeNull();
  });

  it('has no origin without a host', () => {
    expect(exchangeIn(pairWith({})).authRequest.origin).toBeNull();
  });

  it('keeps the principal at the request, where code of the application finds it', () => {
    const pair = pairWith({});
    const principal = { ...identityOf(aUser()), session: null };
    exchangeIn(pair).principal = principal;
    expect(pair.request).toMatchObject({ principal });
    Object.assign(pair.request, { principal: undefined });
    expect(exchangeIn(pair).principal).toBeUndefined();
  });

  it('replaces a header, and adds further lines to it', () => {
    const { headers } = exchangeIn(pairWith({}));
    headers.setHeader('Set-Cookie', 'a=1');
    headers.appendHeader('Set-Cookie', 'b=2');
    expect(valuesOf(headers, 'set-cookie')).toEqual(['a=1', 'b=2']);
    headers.setHeader('Set-Cookie', ['c=3']);
    expect(valuesOf(headers, 'set-cookie')).toEqual(['c=3']);
    headers.removeHeader('Set-Cookie');
    expect(valuesOf(headers, 'set-cookie')).toEqual([]);
    expect(headers.headersSent).toBe(false);
  });

  it.each([
    [undefined, 'Cookie'],
    ['Origin', 'Origin, Cookie'],
    ['Accept, cookie', 'Accept, cookie'],
    ['*', '*'],
  ])('names a header in Vary once: %j', (before, after) => {
    const { headers } = exchangeIn(pairWith({}));
    if (before !== undefined) headers.setHeader('Vary', before);
    addToVary(headers, 'Cookie');
    expect(headers.getHeader('Vary')).toBe(after);
  });

  it('has the id of the response', () => {
    const exchange = exchangeIn(pairWith({}));
    expect(exchange.id).toBe('');
    exchange.headers.setHeader('X-Request-Id', 'one-request');
    expect(exchange.id).toBe('one-request');
    expect(exchange.authRequest.id).toBe('one-request');
  });

  it('sends a body, or closes the connection of a response that has begun', () => {
    const pair = pairWith({});
    const exchange = exchangeIn(pair);
    exchange.send(418, 'short');
    expect(rawOf(pair.response).statusCode).toBe(418);
    if (pair.response instanceof Reply) {
      expect(String(pair.response.body)).toBe('short');
      pair.response.sent = true;
    } else expect(pair.response).toMatchObject({ writableEnded: true, destroyed: false });
    exchange.send(500, 'late');
    expect(rawOf(pair.response).destroyed).toBe(true);
  });
});

describe('An exchange that was made of the request of Node', () => {
  it('learns what the framework knows', () => {
    const { request, response } = fastify({ host: 'api.example.com' });
    const { message } = exchangeOf(request);
    const [raw, exchange] = [message, exchangeOf(message, rawOf(response))];
    expect(exchangeOf(raw)).toBe(exchange);
    exchangeOf(request, response).headers.setHeader('X-Coat', 'red');
    expect((response as Reply).getHeader('x-coat')).toBe('red');
    expect(exchange.authRequest).toMatchObject({ ip: '192.0.2.7', origin: 'https://api.example.com' });
    expect(exchange.request).toBe(request);
  });

  it('refuses to write headers while the response is not known', () => {
    const exchange: Exchange = exchangeOf(message({}));
    expect(exchange.authRequest.id).toBeNull();
    expect(() => exchange.headers).toThrow('known without its response');
  });
});

function rawOf(response: HttpResponse): ServerResponse {
  return 'raw' in response ? response.raw : response;
}
