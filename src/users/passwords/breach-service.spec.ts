import { createHash } from 'node:crypto';
import { type IncomingMessage, type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { BreachService } from './breach-service.js';

const SOON = 200;
const PATIENCE = 30_000;
const PASSWORD = 'mango tea soups';
const DIGEST = createHash('sha1').update(PASSWORD).digest('hex').toUpperCase();
const OTHERS = ['0', '1', '2'].map((digit) => `${digit.repeat(35)}:7`);

describe('BreachService', () => {
  const asked: IncomingMessage[] = [];
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
  let server: Server;
  let answer: RequestListener;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request);
      answer(request, response);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/range`;
  });

  afterEach(() => {
    asked.length = 0;
    warn.mockClear();
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
    warn.mockRestore();
  });

  const service = (deadline = PATIENCE) => new BreachService(url, deadline);
  const lines = (...all: string[]): RequestListener => {
    return (_, response) => void response.end(all.join('\r\n'));
  };

  it.each([
    ['among others', lines(...OTHERS, `${DIGEST.slice(5)}:3`)],
    ['in lower case and with bare line feeds', lines(`${DIGEST.slice(5).toLowerCase()}:1\n${OTHERS[0]}`)],
  ])('finds a password %s', async (_, answering) => {
    answer = answering;
    expect(await service().knows(PASSWORD)).toBe(true);
    expect(warn).not.toHaveBeenCalled();
  });

  it.each([
    ['other passwords', lines(...OTHERS)],
    ['the password as padding', lines(...OTHERS, `${DIGEST.slice(5)}:0`)],
    ['nothing', lines()],
  ])('does not find a password if the response has %s', async (_, answering) => {
    answer = answering;
    expect(await service().knows(PASSWORD)).toBe(false);
    expect(warn).not.toHaveBeenCalled();
  });

  it('sends five digits of the digest and requests padding', async () => {
    answer = lines(...OTHERS);
    await service().knows(PASSWORD);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: 'GET', url: `/range/${DIGEST.slice(0, 5)}` });
    expect(asked[0]!.headers['add-padding']).toBe('true');
    const sent = JSON.stringify([asked[0]!.url, asked[0]!.rawHeaders]).toUpperCase();
    for (const secret of [PASSWORD.toUpperCase(), DIGEST, DIGEST.slice(5), DIGEST.slice(0, 6)])
      expect(sent).not.toContain(secret);
  });

  it.each<[string, number, RequestListener]>([
    ['does not answer', SOON, () => {}],
    [
      'does not finish its response',
      SOON,
      (_, response) => {
        response.write(`${OTHERS[0]}\r\n`);
      },
    ],
    ['closes the connection', PATIENCE, ({ socket }) => void socket.destroy()],
    ['fails with 500', PATIENCE, (_, response) => void response.writeHead(500).end(`${DIGEST.slice(5)}:3`)],
    ['answers 429', PATIENCE, (_, response) => void response.writeHead(429).end()],
    [
      'redirects',
      PATIENCE,
      ({ url: path }, response) => {
        if (path === '/elsewhere') response.end(`${DIGEST.slice(5)}:3`);
        else response.writeHead(302, { Location: '/elsewhere' }).end();
      },
    ],
    ['answers in another format', PATIENCE, lines('<html>', `${DIGEST.slice(5)}:3`)],
    [
      'sends an endless response',
      PATIENCE,
      lines(...Array<string>(40_000).fill(OTHERS[0]!), `${DIGEST.slice(5)}:3`),
    ],
  ])('accepts the password with one warning if the service %s', async (_, deadline, answering) => {
    answer = answering;
    expect(await service(deadline).knows(PASSWORD)).toBe(false);
    expect(warn).toHaveBeenCalledTimes(1);
    const [warning] = warn.mock.calls[0] as [string];
    expect(warning).toMatch(
      /^PASSWORD_BREACH_URL could not be asked, so a new password was not looked up in it: ./,
    );
    for (const secret of [PASSWORD, DIGEST.slice(0, 5), DIGEST.slice(5)])
      expect(warning).not.toContain(secret);
  });

  it('runs fifty queries at a time and refuses further ones with `busy`', async () => {
    answer = () => {};
    const one = service(SOON);
    const answers = await Promise.allSettled(Array.from({ length: 60 }, () => one.knows(PASSWORD)));
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ reason: new DomainError('busy') });
    await expect(one.knows(PASSWORD)).resolves.toBe(false);
  });

  it('accepts the password with one warning if the service is not reachable', async () => {
    const none = new BreachService('http://127.0.0.1:1/range', PATIENCE);
    expect(await none.knows(PASSWORD)).toBe(false);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
