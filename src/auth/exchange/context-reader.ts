import type { ArgumentsHost } from '@nestjs/common';
import type { DomainError } from '../../common/domain-error.js';
import type { Exchange } from './exchange.js';
import type { OperationExchange } from './operation-exchange.js';

/** Reads the execution contexts of one transport. */
export interface ContextReader {
  /** The exchange of the request that a handler serves: with WebSockets, of the handshake. */
  exchangeOf(context: ArgumentsHost): Exchange;
  /** What the client has sent to the handler: a body, arguments or a message. `@Fresh()` judges by it. */
  inputOf(context: ArgumentsHost): unknown;
  /** What was called, for logs and the audit trail, without values of the client, such as `GET /users/:id`. */
  labelOf(context: ArgumentsHost): string;
  /** Whether the handler only reads, so that an access token of scope `read` may call it. */
  onlyReads(context: ArgumentsHost): boolean;
  /** The exchange of a subscription that starts; null for other operations, and for fields of its events. */
  subscriptionAt?(context: ArgumentsHost): OperationExchange | null;
  /** Takes from a refusal what the server must not send. */
  prepare?(refusal: DomainError): void;
}
