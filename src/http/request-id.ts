import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

const HEADER = 'X-Request-Id';
const ACCEPTABLE = /^[\w.-]{8,64}$/;
const ids = new WeakMap<Request, string>();

/** Gives each request the id that its client or proxy sent, or else a new one, and answers with it. */
export function requestId(request: Request, response: Response, next: NextFunction): void {
  const sent = request.headers['x-request-id'];
  const id = typeof sent === 'string' && ACCEPTABLE.test(sent) ? sent : randomUUID();
  ids.set(request, id);
  response.setHeader(HEADER, id);
  next();
}

/** The id that `requestId` gave; an empty string where it did not run. */
export function requestIdOf(request: Request): string {
  return ids.get(request) ?? '';
}
