import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request of Express or Node, or one that keeps Node's as `raw`, as Fastify does. */
export type HttpRequest = IncomingMessage | { readonly raw: IncomingMessage };

/** A reply of Fastify. It keeps its headers until it is sent, so Node's response must not set them. */
export interface HttpReply {
  readonly raw: ServerResponse;
  readonly sent: boolean;
  getHeader(name: string): number | string | string[] | undefined;
  /** Sets a header; `set-cookie` is added to those that are set. */
  header(name: string, value: unknown): unknown;
  removeHeader(name: string): unknown;
  code(status: number): { send(body: unknown): unknown };
}

/** A response of Express or Node, or a reply of Fastify. */
export type HttpResponse = ServerResponse | HttpReply;

/** A request and the response to it: of Express, of Node, or `{ request, response: reply }` of Fastify. */
export interface HttpExchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}
