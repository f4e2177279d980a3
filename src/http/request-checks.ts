import type { NextFunction, Request, Response } from 'express';
import { DomainError } from '../common/domain-error.js';

/** Refuses what RFC 9112, section 3.2, wants refused; Node's own check answers without a word. */
export function requireHost({ headers, httpVersion }: Request, _: Response, next: NextFunction): void {
  const isMissing = headers.host === undefined && httpVersion === '1.1';
  next(isMissing ? new DomainError('malformed_request') : undefined);
}

/** Whether the path is percent-encoded UTF-8; the router fails where a parameter is not. */
export function isDecodable({ path }: Request): boolean {
  try {
    return !path.includes('%') || decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}

/** Whether a page elsewhere can send this only after a preflight, and without the visitor's cookies. */
export function needsPreflight({ headers }: Request): boolean {
  const isSimple = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)/i;
  return headers.cookie === undefined && !isSimple.test(headers['content-type'] ?? '');
}
