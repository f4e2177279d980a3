import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Exchange } from './exchange.js';

/** A message of a microservice. Nothing of HTTP came with it but the text of `Authorization`, so no cookie either. */
export class MessageExchange extends Exchange {
  constructor(authorization: string | null) {
    const headers = authorization === null ? {} : { authorization };
    super(Object.assign(new IncomingMessage(new Socket()), { headers, method: 'MESSAGE', complete: true }));
  }

  override get via(): 'message' {
    return 'message';
  }
}
