import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { createExpressServer } from './express-server.js';
import { LingeringClose } from './lingering-close.js';

const MIB = 1024 * 1024;
const CLOSE = 'Connection: close\r\n';
const PAGE = '<p>'.repeat(100);

describe.each(['HTTP', 'HTTPS'])('A server of %s that answers before it has read the request', (protocol) => {
  const sockets: Socket[] = [];
  const called: string[] = [];
  let server: Server;

  beforeAll(async () => {
    const app = express();
    app.use((request, _, next) => {
      called.push(request.path);
      next();
    });
    app.all('/refused', (_, response) => void response.status(403).json({ code: 'refused' }));
    app.all('/page', (_, response) => void response.send(PAGE));
    app.all('/stream', (_, response) => {
      response.write('a');
      setImmediate(() => response.end('z'));
    });
    app.post('/half', (request, response) => {
      request.once('data', () => {
        request.pause();
        response.status(413).end('too large');
      });
    });
    app.post('/read', (request, response) => {
      request.resume().once('end', () => void response.end('read'));
    });
    server = createExpressServer(app, protocol === 'HTTPS' ? newCertificate() : undefined);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    called.splice(0);
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Opens a connection. With `deaf`, it stays half-open after the server has ended its side. */
  async function open({ deaf = false } = {}): Promise<Socket> {
    const { port } = server.address() as AddressInfo;
    const options = { port, host: '127.0.0.1', allowHalfOpen: deaf, rejectUnauthorized: false };
    const socket = protocol === 'HTTPS' ? connectTls(options) : connect(options);
    sockets.push(socket.on('error', () => {}));
    await once(socket, protocol === 'HTTPS' ? 'secureConnect' : 'connect');
    return socket;
  }

  /** Sends everything before it reads. Returns the response and how the connection ended. */
  async function sendFirst(head: string, body: Buffer): Promise<{ answer: string; end: string }> {
    const socket = await open();
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk)).pause();
    const ended = new Promise<string>((resolve) => {
      socket.once('end', () => resolve('FIN'));
      socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'error'));
    });
    socket.write(Buffer.concat([Buffer.from(`${head}\r\n`), body]), () => socket.resume());
    return { end: await ended, answer: Buffer.concat(received).toString() };
  }

  /** Reads until the received text matches. */
  async function read(socket: Socket, pattern: RegExp): Promise<string> {
    let text = '';
    for await (const [chunk] of on(socket)) {
      text += String(chunk);
      if (pattern.test(text)) return text;
    }
    throw new Error(`The connection ended with: ${text}`);
  }

  const withLength = (size: number) => `Content-Length: ${size}\r\n`;
  const chunked = () => 'Transfer-Encoding: chunked\r\n';
  const whole = (size: number) => Buffer.alloc(size, 'x');
  const methods = protocol === 'HTTPS' ? ['POST'] : ['POST', 'GET', 'DELETE'];
  const requests = methods.flatMap((method) => {
    const head = `${method} PATH HTTP/1.1\r\nHost: a\r\n`;
    return [
      [`${method} with a length`, head, withLength, whole],
      [`${method} with a length, to be closed`, head + CLOSE, withLength, whole],
      [`${method} with chunks`, head, chunked, inChunks],
      [`${method} with chunks, to be closed`, head + CLOSE, chunked, inChunks],
      [`${method} of HTTP/1.0`, `${method} PATH HTTP/1.0\r\n`, withLength, whole],
    ] as const;
  });

  it.each(requests)('lets the client read the answer to %s', async (_, head, header, body) => {
    for (const [path, status, end] of [
      ['/refused', 403, '{"code":"refused"}'],
      ['/page', 200, PAGE],
      ['/stream', 200, /z(\r\n0\r\n\r\n)?$/],
      ...(head.startsWith('POST') ? ([['/half', 413, 'too large']] as const) : []),
    ] as const) {
      const sent = await sendFirst(head.replace('PATH', path) + header(12 * MIB), body(12 * MIB));
      expect(sent).toEqual({ end: 'FIN', answer: expect.stringMatching(new RegExp(`^HTTP/1.1 ${status} `)) });
      expect(sent.answer.split(/\r\n\r\n(.*)/s)[1]).toEqual(
        typeof end === 'string' ? end : expect.stringMatching(end),
      );
    }
  });

  it('disconnects a client that sends more than 32 MiB', async () => {
    const socket = await open({ deaf: true });
    const chunk = inChunks(MIB).subarray(0, -5);
    let sent = 0;
    const send = (error?: Error | null) => {
      if (error || socket.destroyed || sent === 1000) return;
      sent += 1;
      socket.write(chunk, send);
    };
    const closed = closeOf(socket.resume());
    socket.write('POST /refused HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', send);
    await closed;
    expect(sent).toBeGreaterThan(30);
    expect(sent).toBeLessThan(64);
  });

  it('disconnects a client that sends slowly for five seconds', async () => {
    const heads = [
      'POST /refused HTTP/1.1\r\nTransfer-Encoding: chunked\r\n',
      `POST /page HTTP/1.1\r\nContent-Length: 1000000\r\n${CLOSE}`,
      'DELETE /refused HTTP/1.0\r\nContent-Length: 1000000\r\n',
      'GET /page HTTP/1.1\r\nContent-Length: 1000\r\n',
    ];
    const times = heads.map(async (head) => {
      const socket = await open({ deaf: true });
      const begin = performance.now();
      const closed = closeOf(socket.resume());
      socket.write(`${head}Host: a\r\n\r\n`);
      const drip = setInterval(() => socket.write(head.includes('chunked') ? '1\r\nx\r\n' : 'x'), 50);
      await closed;
      clearInterval(drip);
      return performance.now() - begin;
    });
    for (const ms of await Promise.all(times)) {
      expect(ms).toBeGreaterThan(4000);
      expect(ms).toBeLessThan(7000);
    }
  });

  it('keeps the connection after a short body, and reads the next request', async () => {
    const socket = await open();
    for (let round = 0; round < 12; round += 1) {
      socket.write(`POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * 1024}\r\n\r\n`);
      expect(await read(socket, /"refused"/)).not.toMatch(/connection: close/i);
      socket.write(Buffer.alloc(64 * 1024, 'x'));
    }
    socket.write('GET /page HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await read(socket, /<p>$/)).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('sends Connection: close if the body is longer or its length is unknown', async () => {
    for (const header of [`Content-Length: ${64 * 1024 + 1}`, 'Transfer-Encoding: chunked']) {
      const socket = await open();
      socket.write(`POST /refused HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n`);
      expect(await read(socket, /"refused"/)).toMatch(/\r\nConnection: close\r\n/i);
    }
  });

  it('handles no request that follows such an answer', async () => {
    const socket = await open({ deaf: true });
    socket.write('POST /refused HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    await read(socket, /"refused"/);
    socket.write('0\r\n\r\nGET /page HTTP/1.1\r\nHost: a\r\n\r\n');
    await delay(100);
    expect(called).toEqual(['/refused']);
  });

  it('sends 100 Continue only when it reads the body', async () => {
    const head = 'HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
    const refused = await open();
    refused.write(`POST /refused ${head}`);
    expect(await read(refused, /"refused"/)).toMatch(/^HTTP\/1\.1 403 [^]*\r\nConnection: close\r\n/);
    const welcome = await open();
    welcome.write(`POST /read ${head}`);
    expect(await read(welcome, /\r\n\r\n$/)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    welcome.write('12345');
    expect(await read(welcome, /read$/)).toMatch(/^HTTP\/1\.1 200 [^]*\r\nConnection: keep-alive\r\n/);
  });

  it('lets the last 256 connections of an address linger', async () => {
    const linger = async (socket: Socket) => {
      socket.write(`POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: ${MIB}\r\n\r\n`);
      await read(socket, /"refused"/);
      return socket;
    };
    const areOpen = async (clients: readonly Socket[]) => {
      const drip = setInterval(() => clients.forEach((socket) => socket.write('x')), 20);
      await delay(300);
      clearInterval(drip);
      return clients.filter(({ destroyed }) => !destroyed).length;
    };
    // All are opened first, because so many handshakes take long on a busy machine.
    const clients = await Promise.all(Array.from({ length: 260 }, () => open({ deaf: true })));
    expect(await areOpen(await Promise.all(clients.map(linger)))).toBe(256);
    expect(await areOpen([await linger(await open({ deaf: true }))])).toBe(1);
    LingeringClose.of(server).closeAll();
    expect(await areOpen(sockets)).toBe(0);
    expect(await areOpen([await linger(await open({ deaf: true }))])).toBe(1);
  });
});

function inChunks(size: number): Buffer {
  return Buffer.concat([
    Buffer.from(`${size.toString(16)}\r\n`),
    Buffer.alloc(size, 'x'),
    Buffer.from('\r\n0\r\n\r\n'),
  ]);
}

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}

/** The data events of a socket until it ends. */
async function* on(socket: Socket): AsyncGenerator<[Buffer]> {
  const queue: Buffer[] = [];
  let wake = () => {};
  let isOver = false;
  const add = (chunk: Buffer) => {
    queue.push(chunk);
    wake();
  };
  const end = () => {
    isOver = true;
    wake();
  };
  socket.on('data', add).once('end', end).once('close', end);
  try {
    for (;;) {
      const chunk = queue.shift();
      if (chunk) yield [chunk];
      else if (isOver) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    socket.off('data', add).off('end', end).off('close', end);
  }
}

/** A self-signed certificate. */
function newCertificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const what = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...what, '-subj', '/CN=test', '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
