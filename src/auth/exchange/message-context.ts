import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import { type MessageAuthorization, authorizationInHeaders } from '../message-authorization.js';
import type { ContextReader } from './context-reader.js';
import type { Exchange } from './exchange.js';
import { MessageExchange } from './message-exchange.js';

/** The metadata of a controller with the function of the options that its messages are read by. */
export const MESSAGE_AUTHORIZATION = 'coatcheck:message-authorization';

/** The messages that are handled now, by the context that Nest makes for each. */
const exchanges = new WeakMap<object, MessageExchange>();

/** Handlers with `@MessagePattern()` and `@EventPattern()`. */
class MessageContextReader implements ContextReader {
  exchangeOf(host: ArgumentsHost): Exchange {
    const [message, context] = host.getArgs<[unknown, object]>();
    const known = exchanges.get(context);
    if (known) return known;
    const read = Reflect.getMetadata(MESSAGE_AUTHORIZATION, classOf(host)) as
      MessageAuthorization | undefined;
    const authorization = (read ?? authorizationInHeaders)(message, context);
    const exchange = new MessageExchange(isText(authorization) ? authorization : null);
    exchanges.set(context, exchange);
    return exchange;
  }

  inputOf(host: ArgumentsHost): unknown {
    return host.getArgByIndex(0);
  }

  labelOf(host: ArgumentsHost): string {
    return `message ${classOf(host).name}.${(host as ExecutionContext).getHandler().name}`;
  }

  /** False: a message may change something, whatever its pattern. */
  onlyReads(): boolean {
    return false;
  }
}

export const MESSAGES: ContextReader = new MessageContextReader();

function classOf(host: ArgumentsHost) {
  return (host as ExecutionContext).getClass();
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
