import type { IncomingHttpHeaders } from 'node:http';
import type { RequestChannel } from '../../audit/initiator.js';
import type { Principal } from '../auth.js';
import { Exchange } from './exchange.js';
import type { HttpResponse } from './http-exchange.js';

/** The request of one GraphQL operation. A batch and a WebSocket have several, and each is authenticated once. */
export class OperationExchange extends Exchange {
  #identity: Promise<Principal | null> | null = null;
  #principal: Principal | undefined;

  constructor(
    { message, request }: Exchange,
    response: HttpResponse | null,
    private readonly isQuery: boolean,
    /** The `authorization` that the client sent after the handshake: browsers set no headers of a WebSocket. */
    private readonly authorization: string | undefined,
  ) {
    super(message, request, response);
  }

  /** Who has sent this operation. An earlier one on the same WebSocket may have set another `request.principal`. */
  override get principal(): Principal | undefined {
    return this.#principal;
  }

  override set principal(principal: Principal | undefined) {
    this.#principal = principal;
    super.principal = principal;
  }

  override get via(): RequestChannel {
    return this.message.headers.upgrade === undefined ? 'http' : 'websocket';
  }

  override get requestHeaders(): IncomingHttpHeaders {
    const { headers } = this.message;
    return this.authorization === undefined ? headers : { authorization: this.authorization, ...headers };
  }

  /** True only for a query by GET: other sites can read answers over a WebSocket. */
  override get isSafe(): boolean {
    return this.isQuery && super.isSafe && this.via === 'http';
  }

  /** Identifies at the first call. All resolvers of the operation get this result. */
  override identifiedBy(identify: () => Promise<Principal | null>): Promise<Principal | null> {
    return (this.#identity ??= identify());
  }
}
