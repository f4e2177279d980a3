import { isUtf8 } from 'node:buffer';
import { MIMEType } from 'node:util';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import readBytes from 'raw-body';
import { DomainError } from '../common/domain-error.js';
import { jsonIn } from '../common/json.js';
import { CREDENTIALS_BODY, OWN_BODY } from './body-decorators.js';
import type { Dialect } from './dialect.js';
import { parseForm } from './form.js';
import { hasDuplicates, isHarmless } from './json-value.js';

/** The methods whose body means something; that of others is left unread. */
const TAKES_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const LIMIT = 16 * 1024;
/** Ignored at the start of JSON, as RFC 8259, section 8.1, allows. */
const BYTE_ORDER_MARK = /^\ufeff/;

/** Reads the body, which is JSON and small, once the guards before it have let the caller in. */
export class BodyGuard implements CanActivate {
  constructor(private readonly dialect: Dialect) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    if (!TAKES_BODY.has(request.method) || Reflect.hasMetadata(OWN_BODY, context.getHandler())) return true;
    return this.#read(request, this.#isForm(context));
  }

  async #read(request: Request, isForm: boolean): Promise<true> {
    if (isForm) {
      request.body = await parseForm(await read(request), request.headers['content-type'] ?? '');
    } else if (hasBody(request)) {
      if (!isJson(request)) throw new DomainError('unsupported_media_type');
      request.body = parseJson(await read(request), this.dialect);
    }
    return true;
  }

  #isForm(context: ExecutionContext): boolean {
    return (
      this.dialect.credentialsBody === 'form' && Reflect.hasMetadata(CREDENTIALS_BODY, context.getHandler())
    );
  }
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * JSON is UTF-8 (RFC 8259, section 8.1), under any of its labels such as `utf8`. Another charset, compression or a second
 * content type is refused.
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

/** The whole body; what is too large is refused as soon as that is known. */
async function read(request: Request): Promise<Buffer> {
  try {
    return await readBytes(request, { limit: LIMIT, length: request.headers['content-length'] });
  } catch (error) {
    const isTooLarge = error instanceof Error && 'status' in error && error.status === 413;
    throw new DomainError(isTooLarge ? 'body_too_large' : 'malformed_request', { cause: error });
  }
}

function parseJson(bytes: Buffer, { refusesDuplicates }: Dialect): unknown {
  const json = bytes.toString().replace(BYTE_ORDER_MARK, '');
  const value = isUtf8(bytes) ? jsonIn(json) : undefined;
  if (value === undefined) throw new DomainError('malformed_json');
  if (refusesDuplicates && hasDuplicates(json, value)) throw new DomainError('duplicate_member');
  if (!isHarmless(value)) throw new DomainError('malformed_json');
  return value;
}
