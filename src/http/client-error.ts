import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Logger } from '@nestjs/common';
import type { ErrorCode } from '../common/domain-error.js';
import type { AnswerHeaders } from './answer-headers.js';
import type { Dialect } from './dialect.js';
import { problem } from './problem.js';

/** Node's codes for requests that it cannot read, in ours. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Milliseconds that a client has to read why it is hung up on. */
const PARTING = 500;

/** Answers in the dialect's words what Node would otherwise refuse in its own, before the application sees it. */
export function answerClientErrors(server: Server, dialect: Dialect, headers: AnswerHeaders): void {
  const logger = new Logger('Problem');
  const answer = (code: ErrorCode, method: string | null) => {
    const requestId = randomUUID();
    const { status, contentType, body } = dialect.problem(problem(code), requestId);
    logger.log({ requestId, status, code });
    const json = JSON.stringify(body);
    const fields = [
      ...headers.of(method),
      ['Content-Type', contentType],
      ['Content-Length', String(Buffer.byteLength(json))],
      ['X-Request-Id', requestId],
      ['Connection', 'close'],
    ] as const;
    return { status, fields, json };
  };

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const { status, fields, json } = answer(CODES[error.code ?? ''] ?? 'malformed_request', null);
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${json}`);
    setTimeout(() => socket.destroy(), PARTING).unref();
  });

  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const { status, fields, json } = answer('expectation_failed', request.method ?? null);
    const all = [...fields, ...headers.letRead(request.headers.origin)];
    response.writeHead(status, Object.fromEntries(all)).end(json);
  });
}
