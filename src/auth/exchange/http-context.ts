import type { ArgumentsHost } from '@nestjs/common';
import type { ContextReader } from './context-reader.js';
import { type Exchange, exchangeOf } from './exchange.js';
import type { HttpRequest, HttpResponse } from './http-exchange.js';

/** Requests of Express and Fastify. */
class HttpContextReader implements ContextReader {
  exchangeOf(context: ArgumentsHost): Exchange {
    // `switchToHttp` would make three functions, at each of the guards.
    return exchangeOf(context.getArgByIndex<HttpRequest>(0), context.getArgByIndex<HttpResponse>(1));
  }

  inputOf(context: ArgumentsHost): unknown {
    return this.exchangeOf(context).framework.body;
  }

  labelOf(context: ArgumentsHost): string {
    const { method, route } = this.exchangeOf(context);
    return `${method} ${route}`;
  }

  onlyReads(context: ArgumentsHost): boolean {
    return this.exchangeOf(context).isSafe;
  }
}

export const HTTP: ContextReader = new HttpContextReader();
