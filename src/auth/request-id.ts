import { randomUUID } from 'node:crypto';
import { type Exchange, REQUEST_ID } from './exchange/exchange.js';

const ACCEPTABLE = /^[\w.-]{8,64}$/;

/** Sets `X-Request-Id`: the id that the client or its proxy sent, or a new one. */
export function giveId({ message, headers }: Exchange): void {
  const sent = message.headers['x-request-id'];
  headers.setHeader(REQUEST_ID, typeof sent === 'string' && ACCEPTABLE.test(sent) ? sent : randomUUID());
}
