import type { Request, Response } from 'express';
import { giveId, requestIdOf } from '../auth/request-id.js';
import { PRIVATE_HEADERS } from './private-headers.js';

/** Sets the headers of all Coatcheck responses, unless they are set already. */
export function setOwnHeaders(request: Request, response: Response): void {
  if (response.headersSent || response.getHeader('Cache-Control') === 'no-store') return;
  if (requestIdOf(request) === '') giveId(request, response);
  for (const [name, value] of PRIVATE_HEADERS) response.setHeader(name, value);
  response.vary('Cookie');
}
