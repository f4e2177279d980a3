import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { ContextReader } from './context-reader.js';
import type { Exchange } from './exchange.js';
import { socketExchangeOf } from './socket-exchange.js';

/** Messages to gateways, and handshakes, whose handler is the gateway itself. */
class WsContextReader implements ContextReader {
  exchangeOf(context: ArgumentsHost): Exchange {
    const exchange = socketExchangeOf(context.switchToWs().getClient<object>());
    if (exchange) return exchange;
    throw new Error('This socket was not opened through a gateway that Coatcheck guards.');
  }

  inputOf(context: ArgumentsHost): unknown {
    return context.switchToWs().getData<unknown>();
  }

  labelOf(context: ArgumentsHost): string {
    const { getClass, getHandler } = context as ExecutionContext;
    const [gateway, handler] = [getClass.call(context), getHandler.call(context)];
    return `WS ${handler === gateway ? gateway.name : `${gateway.name}.${handler.name}`}`;
  }

  /** False: a message may change anything. */
  onlyReads(context: ArgumentsHost): boolean {
    return isHandshake(context as ExecutionContext);
  }
}

/** Whether a context is the handshake of a gateway: that changes nothing. */
function isHandshake(context: ExecutionContext): boolean {
  return context.getHandler() === context.getClass();
}

export const WS: ContextReader = new WsContextReader();
