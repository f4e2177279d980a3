import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type { ErrorCode } from '../../common/refusals.js';
import type { AnswerHeaders } from './answer-headers.js';
import { LingeringClose } from './lingering-close.js';
import { type ErrorFormat, problemFor } from '../../common/problem.js';

/** Error codes by Node's code for a request that it cannot parse. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Milliseconds that a client has to read the response after a request timeout. */
const PARTING = 500;

/** How a request is refused that Node could not parse; null if its connection is only closed. */
export function refusalOf(server: Server, error: NodeJS.ErrnoException, socket: Socket): ErrorCode | null {
  if (LingeringClose.of(server).has(socket) || !socket.writable || error.code === 'ECONNRESET') return null;
  return CODES[error.code ?? ''] ?? 'malformed_request';
}

/** Sends errors in the format of the application for requests that Node refuses before the application gets them. */
export function answerClientErrors(server: Server, errorFormat: ErrorFormat, headers: AnswerHeaders): void {
  const logger = new Logger('Problem');
  const lingering = LingeringClose.of(server);
  const answer = (code: ErrorCode, method: string | null) => {
    const requestId = randomUUID();
    const { status, contentType, body } = errorFormat(problemFor(code), requestId);
    logger.log({ requestId, status, code });
    const json = JSON.stringify(body);
    const fields = [
      ...headers.of(method).list,
      ['Content-Type', contentType],
      ['Content-Length', String(Buffer.byteLength(json))],
      ['X-Request-Id', requestId],
      ['Connection', 'close'],
    ] as const;
    return { status, fields, json };
  };

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const code = refusalOf(server, error, socket);
    if (code === null) {
      if (!lingering.has(socket)) socket.destroy();
      return;
    }
    const { status, fields, json } = answer(code, null);
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${json}`);
    lingering.close(socket, code === 'request_timeout' ? PARTING : undefined);
  });

  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const { status, fields, json } = answer('expectation_failed', request.method ?? null);
    const all = [...fields, ...headers.letRead(request.headers.origin)];
    response.writeHead(status, Object.fromEntries(all)).end(json);
  });
}
