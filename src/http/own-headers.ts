import type { Exchange } from '../auth/exchange/exchange.js';
import { addToVary } from '../auth/exchange/response-headers.js';
import { giveId } from '../auth/request-id.js';
import { PRIVATE_HEADERS } from './private-headers.js';

/** Sets the headers of all Coatcheck responses, unless they are set already. */
export function setOwnHeaders(exchange: Exchange): void {
  const { headers } = exchange;
  if (headers.headersSent || headers.getHeader('Cache-Control') === 'no-store') return;
  if (exchange.id === '') giveId(exchange);
  for (const [name, value] of PRIVATE_HEADERS) headers.setHeader(name, value);
  addToVary(headers, 'Cookie');
}
