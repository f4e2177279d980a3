import { isUtf8 } from 'node:buffer';
import { MIMEType } from 'node:util';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request } from 'express';
import readBytes from 'raw-body';
import { isOwnController } from '../auth/decorators/access.js';
import { exchangeOf } from '../auth/exchange/exchange.js';
import { DomainError } from '../common/domain-error.js';
import { jsonIn } from '../common/json.js';
import { OWN_BODY } from './body-decorators.js';
import { hasDuplicates, isHarmless } from './json-value.js';

/** The methods whose body is read. */
const TAKES_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const LIMIT = 16 * 1024;
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
    const request = context.switchToHttp().getRequest<Request>();
    if (!TAKES_BODY.has(request.method)) return true;
    const isOurs = isOwnController(context.getClass());
    const { readsBodiesAfterGuards = false } = this.host.httpAdapter as Partial<ReadsBodiesAfterGuards>;
    if (!isOurs && !readsBodiesAfterGuards) return true;
    const exchange = exchangeOf(request);
    if (exchange.isBodyRead || Reflect.hasMetadata(OWN_BODY, context.getHandler())) return true;
    exchange.isBodyRead = true;
    return this.readBody(request, context);
  }

  /** Reads, checks and sets the body. */
  protected async readBody(request: Request, _context: ExecutionContext): Promise<true> {
    if (!hasBody(request)) return true;
    if (!isJson(request)) throw new DomainError('unsupported_media_type');
    if (isParsed(request)) checkParsed(request);
    else request.body = parseJson(await bytesOf(request), this.refusesDuplicates);
    return true;
  }
}

/** A request that a parser of the application may have read. */
interface ParsedRequest extends Omit<Request, 'body'> {
  readonly body?: unknown;
  readonly rawBody?: Buffer;
}

/** The bytes of a body, also if a parser of the application has read and kept them. */
export async function bytesOf(request: ParsedRequest): Promise<Buffer> {
  const { body, rawBody = body } = request;
  if (typeof rawBody === 'string' || Buffer.isBuffer(rawBody)) return limited(Buffer.from(rawBody));
  return read(request as Request);
}

/** Whether a parser of the application has read the body without keeping its bytes. */
export function isParsed({ body, rawBody }: ParsedRequest): boolean {
  return typeof body === 'object' && body !== null && !Buffer.isBuffer(body) && rawBody === undefined;
}

/** Checks the size and depth of a body that a parser of the application has read. */
function checkParsed({ body, headers }: ParsedRequest): void {
  if (Number(headers['content-length'] ?? 0) > LIMIT) throw new DomainError('body_too_large');
  if (!isHarmless(body)) throw new DomainError('malformed_json');
  if (Buffer.byteLength(JSON.stringify(body)) > LIMIT) throw new DomainError('body_too_large');
}

function limited(bytes: Buffer): Buffer {
  if (bytes.length > LIMIT) throw new DomainError('body_too_large');
  return bytes;
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * JSON is UTF-8 (RFC 8259, section 8.1), under any of its labels such as `utf8`. Another charset, compression and a second
 * content type are refused.
 */
function isJson({ headers, headersDistinct }: Request): boolean {
  const [type = '', ...others] = headersDistinct['content-type'] ?? [];
  if (others.length > 0) return false;
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
async function read(request: Request): Promise<Buffer> {
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
