import type { NextFunction, Request, Response } from 'express';
import { DomainError } from '../common/domain-error.js';
import { keepPrivate } from './answer-headers.js';
import { namesHost } from './request-checks.js';
import { giveId } from './request-id.js';

/** What each request meets first, in one step of the router, as each step costs. */
export function entrance(request: Request, response: Response, next: NextFunction): void {
  giveId(request, response);
  keepPrivate(response);
  next(namesHost(request) ? undefined : new DomainError('malformed_request'));
}
