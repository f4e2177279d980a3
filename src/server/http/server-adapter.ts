import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Exchange } from '../../auth/exchange/exchange.js';
import type { ReadsBodiesAfterGuards } from '../../http/body.guard.js';
import type { ClientMessage } from './node-server.js';
import type { ProxyTrust } from './proxy-trust.js';
import type { CommonResponse } from './server-response.js';

/** Sees each request before the router: refuses it by an error, answers it, or calls `next`. */
export type Gate = (
  request: ClientMessage,
  response: CommonResponse,
  next: (error?: unknown) => void,
) => unknown;

/** The routes of the router for one pattern of paths. */
export interface ServedPattern {
  readonly path: string;
  readonly methods: readonly string[];
  matches(path: string): boolean;
}

/** What `configureApp` needs of an HTTP adapter. */
export interface ServerAdapter extends AbstractHttpAdapter, ReadsBodiesAfterGuards {
  /** Sets which proxies address, host and protocol of the client are read from. */
  trustProxies(isTrusted: ProxyTrust): void;
  /** Adds a gate. They run in the order of the calls, which must come before the application is initialised. */
  enterBy(gate: Gate): void;
  /** Sets the handler of requests that no route serves. Call it before the application is initialised. */
  answerUnmatched(handler: (exchange: Exchange) => Promise<void>): void;
  servedPatterns(): readonly ServedPattern[];
}

export function isServerAdapter(adapter: object): adapter is ServerAdapter {
  return (adapter as Partial<ServerAdapter>).readsBodiesAfterGuards === true;
}
