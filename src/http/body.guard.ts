import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { MIMEType } from 'node:util';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import readBytes from 'raw-body';
import { isOwnController } from '../auth/decorators/access.js';
import type { Exchange } from '../auth/exchange/exchange.js';
import { HTTP } from '../auth/exchange/http-context.js';
import { DomainError } from '../common/domain-error.js';
import { jsonIn } from '../common/json.js';
import { OWN_BODY } from './body-decorators.js';
import { hasDuplicates, isHarmless } from './json-value.js';

/** The methods whose body is read. */
const TAKES_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const LIMIT = 16 * 1024;
const CONTENT_TYPE = /^content-type$/i;
/** Ignored at the start of JSON, as RFC 8259, section 8.1, allows. */
const BYTE_ORDER_MARK = /^\ufeff/;

/** An HTTP adapter that reads no bodies, so that this guard reads them after the request is admitted. */
export interface ReadsBodiesAfterGuards {
  readonly readsBodiesAfterGuards: true;
}

/**
 * Reads JSON bodies of at most 16 KiB after the guards before it have admitted the request: on the Coatcheck routes, and on
 * all routes if the HTTP adapter reads no bodies. On the Coatcheck routes, a body that a parser of the application has read
 * must obey the same limits.
 */
@Injectable()
export class BodyGuard implements CanActivate {
  /** Whether JSON with a duplicate member is refused; if false, the last one counts. */
  protected readonly refusesDuplicates: boolean = true;

  constructor(private readonly host: HttpAdapterHost) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const exchange = HTTP.exchangeOf(context);
    if (!TAKES_BODY.has(exchange.method)) return true;
    const isOurs = isOwnController(context.getClass());
    const { readsBodiesAfterGuards = false } = this.host.httpAdapter as Partial<ReadsBodiesAfterGuards>;
    if (!isOurs && !readsBodiesAfterGuards) return true;
    if (exchange.isBodyRead || Reflect.hasMetadata(OWN_BODY, context.getHandler())) return true;
    exchange.isBodyRead = true;
    return this.readBody(exchange, context);
  }

  /** Reads, checks and sets the body. */
  protected async readBody(exchange: Exchange, _context: ExecutionContext): Promise<true> {
    const { message, framework } = exchange;
    if (!hasBody(message)) return true;
    if (!isJson(message)) throw new DomainError('unsupported_media_type');
    if (isParsed(exchange)) checkParsed(exchange);
    else framework.body = parseJson(await bytesOf(exchange), this.refusesDuplicates);
    return true;
  }
}

/** The bytes of a body, also if a parser of the application has read and kept them. */
export async function bytesOf({ message, framework }: Exchange): Promise<Buffer> {
  const { body, rawBody = body } = framework;
  if (typeof rawBody === 'string' || Buffer.isBuffer(rawBody)) return limited(Buffer.from(rawBody));
  return read(message);
}

/** Whether a parser of the application has read the body without keeping its bytes. */
export function isParsed({ framework: { body, rawBody } }: Exchange): boolean {
  return typeof body === 'object' && body !== null && !Buffer.isBuffer(body) && rawBody === undefined;
}

/** Checks the size and depth of a body that a parser of the application has read. */
function checkParsed({ message, framework: { body } }: Exchange): void {
  if (Number(message.headers['content-length'] ?? 0) > LIMIT) throw new DomainError('body_too_large');
  if (!isHarmless(body)) throw new DomainError('malformed_json');
  if (Buffer.byteLength(JSON.stringify(body)) > LIMIT) throw new DomainError('body_too_large');
}

function limited(bytes: Buffer): Buffer {
  if (bytes.length > LIMIT) throw new DomainError('body_too_large');
  return bytes;
}

/** With HTTP/2 a body needs no header that announces it. */
function hasBody(message: IncomingMessage): boolean {
  if (isHttp2(message)) return !message.stream.endAfterHeaders;
  const { headers } = message;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function isHttp2(message: IncomingMessage | Http2ServerRequest): message is Http2ServerRequest {
  return message.httpVersionMajor === 2;
}

/**
 * JSON is UTF-8 (RFC 8259, section 8.1), under any of its labels such as `utf8`. Another charset, compression and a second
 * content type are refused.
 */
function isJson({ headers, rawHeaders }: IncomingMessage): boolean {
  const { 'content-type': type = '' } = headers;
  if (rawHeaders.filter((name, index) => index % 2 === 0 && CONTENT_TYPE.test(name)).length > 1) return false;
  try {
    const { essence, params } = new MIMEType(type);
    const isPlain = (headers['content-encoding'] ?? 'identity').toLowerCase() === 'identity';
    return (
      essence === 'application/json' &&
      isPlain &&
      new TextDecoder(params.get('charset') ?? 'utf-8').encoding === 'utf-8'
    );
  } catch {
    return false;
  }
}

/** Reads the whole body; refuses a body as soon as it is too large. */
async function read(request: IncomingMessage): Promise<Buffer> {
  try {
    return await readBytes(request, { limit: LIMIT, length: request.headers['content-length'] });
  } catch (error) {
    const isTooLarge = error instanceof Error && 'status' in error && error.status === 413;
    throw new DomainError(isTooLarge ? 'body_too_large' : 'malformed_request', { cause: error });
  }
}

function parseJson(bytes: Buffer, refusesDuplicates: boolean): unknown {
  const json = bytes.toString().replace(BYTE_ORDER_MARK, '');
  const value = isUtf8(bytes) ? jsonIn(json) : undefined;
  if (value === undefined) throw new DomainError('malformed_json');
  if (refusesDuplicates && hasDuplicates(json, value)) throw new DomainError('duplicate_member');
  if (!isHarmless(value)) throw new DomainError('malformed_json');
  return value;
}
