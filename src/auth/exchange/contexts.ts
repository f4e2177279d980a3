import { type ArgumentsHost, createParamDecorator } from '@nestjs/common';
import type { ContextReader } from './context-reader.js';
import type { Exchange } from './exchange.js';
import { GRAPHQL } from './graphql-context.js';
import { HTTP } from './http-context.js';
import { MESSAGES } from './message-context.js';
import { WS } from './ws-context.js';

/** The reader of each type of context. A further transport is a line here and a file beside. */
const READERS: Readonly<Partial<Record<string, ContextReader>>> = {
  http: HTTP,
  graphql: GRAPHQL,
  rpc: MESSAGES,
  ws: WS,
};

/** The reader of a context. Throws for a type that has none. */
export function readerOf(context: ArgumentsHost): ContextReader {
  const reader = READERS[context.getType()];
  if (reader) return reader;
  throw new Error(
    `AuthGuard reads no requests of this transport. Make this ${context.getType()} handler @Public(), and guard it yourself.`,
  );
}

/** The exchange that a context belongs to. */
export function exchangeAt(context: ArgumentsHost): Exchange {
  return readerOf(context).exchangeOf(context);
}

/** The exchange of a handler. */
export const CurrentExchange = createParamDecorator((_: unknown, context) => exchangeAt(context));
