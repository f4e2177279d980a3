import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Exchange, REQUEST_ID } from './exchange/exchange.js';

const ACCEPTABLE = /^[\w.-]{8,64}$/;

/** The id that the client or its proxy sent, or a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && ACCEPTABLE.test(sent) ? sent : randomUUID();
}

/** Sets `X-Request-Id`. */
export function giveId({ message, headers }: Exchange): void {
  headers.setHeader(REQUEST_ID, requestIdOf(message));
}
