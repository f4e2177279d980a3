import type { CanActivate, ExecutionContext } from '@nestjs/common';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { DomainError } from '../common/domain-error.js';
import { CREDENTIALS_BODY } from './credentials-body.js';
import type { Dialect } from './dialect.js';
import { parseForm } from './form.js';
import { isHarmless } from './json-value.js';

const LIMIT = 16 * 1024;
const readJson = express.json({ limit: LIMIT, inflate: false });
const readBytes = express.raw({ limit: LIMIT, inflate: false, type: () => true });

/** Reads the body, which is JSON and small, once the guards before it have let the caller in. */
export class BodyGuard implements CanActivate {
  constructor(private readonly dialect: Dialect) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    if (
      this.dialect.credentialsBody === 'form' &&
      Reflect.hasMetadata(CREDENTIALS_BODY, context.getHandler())
    ) {
      await read(readBytes, request, response);
      request.body = await parseForm(request.body ?? Buffer.alloc(0), request.headers['content-type'] ?? '');
    } else if (hasBody(request)) {
      if (!request.is('application/json')) throw new DomainError('unsupported_media_type');
      await read(readJson, request, response);
      if (!isHarmless(request.body)) throw new DomainError('malformed_json');
    }
    return true;
  }
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function read(parser: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    parser(request, response, (error?: unknown) => (error ? reject(asProblem(error)) : resolve()));
  });
}

/** The parser quotes what it could not parse; that must not travel on. */
function asProblem(error: unknown): unknown {
  const isParseFailure = error instanceof Error && 'type' in error && error.type === 'entity.parse.failed';
  return isParseFailure ? new DomainError('malformed_json') : error;
}
