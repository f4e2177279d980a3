import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';

const HEADER = 'X-Request-Id';
const ACCEPTABLE = /^[\w.-]{8,64}$/;

/** Sets `X-Request-Id`: the id that the client or its proxy sent, or a new one. */
export function giveId(request: Request, response: Response): void {
  const sent = request.headers['x-request-id'];
  response.setHeader(HEADER, typeof sent === 'string' && ACCEPTABLE.test(sent) ? sent : randomUUID());
}

/** The id that `giveId` set; an empty string if it did not run. */
export function requestIdOf({ res }: Request): string {
  return String(res?.getHeader(HEADER) ?? '');
}
