import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { createNodeServer } from './node-server.js';
import { CommonHeaders, type CommonResponse, responseType } from './server-response.js';

const COMMON = new CommonHeaders([
  ['Cache-Control', 'no-store'],
  ['Vary', 'Cookie'],
]);

/** The lines of the head of a response to which `answer` does something, without those that Node adds. */
async function headOf(answer: (response: ServerResponse) => void): Promise<string[]> {
  const listener: RequestListener = (_request, response) => {
    (response as CommonResponse).setCommon(COMMON, 'an-id-of-a-request');
    response.sendDate = false;
    answer(response);
  };
  const { server } = createNodeServer(listener, () => false);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.write('GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
  server.close();
  return received.split('\r\n\r\n', 1)[0]!.split('\r\n');
}

const END = ['Connection: close', 'Content-Length: 0'];
const ID = 'X-Request-Id: an-id-of-a-request';

describe('Common headers of a response', () => {
  it('are sent with those that are set one by one', async () => {
    const head = await headOf((response) => response.setHeader('X-Own', 'a').end());
    expect(head).toEqual([
      'HTTP/1.1 200 OK',
      ID,
      'Cache-Control: no-store',
      'Vary: Cookie',
      'X-Own: a',
      ...END,
    ]);
  });

  it('are sent with those of writeHead', async () => {
    const head = await headOf((response) => response.writeHead(404, { 'x-own': 'a' }).end());
    expect(head).toEqual([
      'HTTP/1.1 404 Not Found',
      ID,
      'Cache-Control: no-store',
      'Vary: Cookie',
      'x-own: a',
      ...END.slice(0, 1),
      'Transfer-Encoding: chunked',
    ]);
  });

  it.each<[string, (response: ServerResponse) => unknown, string[]]>([
    ['setHeader', (response) => response.setHeader('vary', 'Origin'), ['vary: Origin']],
    ['appendHeader', (response) => response.appendHeader('VARY', 'Origin'), ['Vary: Cookie', 'Vary: Origin']],
    ['removeHeader', (response) => response.removeHeader('vary'), []],
    ['setHeaders', (response) => response.setHeaders(new Map([['Vary', 'Origin']])), ['Vary: Origin']],
    ['writeHead with an object', (response) => response.writeHead(200, { vary: 'Origin' }), ['vary: Origin']],
    ['writeHead with a list', (response) => response.writeHead(200, ['Vary', 'Origin']), ['Vary: Origin']],
    ['writeHead with a reason', (response) => response.writeHead(200, 'Fine', { Vary: '*' }), ['Vary: *']],
  ])('can be changed by %s', async (_name, change, expected) => {
    const head = await headOf((response) => {
      change(response);
      response.end();
    });
    expect(head.filter((line) => /^vary:/i.test(line))).toEqual(expected);
    expect(head.filter((line) => line === ID || line === 'Cache-Control: no-store')).toHaveLength(2);
  });

  it('include the id of the request, which can be changed', async () => {
    const head = await headOf((response) => response.setHeader('x-request-id', 'another').end());
    expect(head.filter((line) => /^x-request-id:/i.test(line))).toEqual(['x-request-id: another']);
  });

  it('can be read before and after they are sent', async () => {
    const read: unknown[] = [];
    await headOf((response) => {
      response.setHeader('X-Own', 'a');
      const look = () =>
        read.push([
          response.getHeader('VARY'),
          response.getHeader('X-Request-Id'),
          response.hasHeader('Cache-Control'),
          response.hasHeader('X-Other'),
          { ...response.getHeaders() },
          response.getHeaderNames().toSorted(),
        ]);
      look();
      response.end();
      look();
    });
    const all = {
      'x-own': 'a',
      'x-request-id': 'an-id-of-a-request',
      'cache-control': 'no-store',
      vary: 'Cookie',
    };
    const expected = ['Cookie', 'an-id-of-a-request', true, false, all, Object.keys(all).toSorted()];
    expect(read).toEqual([expected, expected]);
  });

  it('cannot be changed after they are sent', async () => {
    const refusals: unknown[] = [];
    await headOf((response) => {
      response.end();
      for (const change of [() => response.setHeader('Vary', 'a'), () => response.removeHeader('Vary')])
        try {
          change();
        } catch (error) {
          refusals.push((error as NodeJS.ErrnoException).code);
        }
    });
    expect(refusals).toEqual(['ERR_HTTP_HEADERS_SENT', 'ERR_HTTP_HEADERS_SENT']);
  });

  it('are not left out silently if Node writes heads another way', () => {
    const Response = responseType(() => {});
    Reflect.deleteProperty(Response.prototype, '_storeHeader');
    const response = new Response({ method: 'GET' } as never) as ServerResponse as CommonResponse;
    response.setCommon(COMMON, 'an-id-of-a-request');
    expect(() => response.writeHead(200)).toThrow('another way');
  });
});
