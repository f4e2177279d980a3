import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestChannel } from '../../audit/initiator.js';
import { plainAddress } from '../../common/network.js';
import type { Auth, AuthResult, Principal } from '../auth.js';
import type { AuthRequest } from '../auth-request.js';
import { isSafe } from '../request-checks.js';
import type { HttpExchange, HttpReply, HttpRequest, HttpResponse } from './http-exchange.js';
import { ReplyHeaders } from './reply-headers.js';
import type { ResponseHeaders } from './response-headers.js';

/** The header with the id of a request. */
export const REQUEST_ID = 'X-Request-Id';

const EXCHANGE = Symbol('coatcheck exchange');

interface KnownMessage extends IncomingMessage {
  [EXCHANGE]?: Exchange;
}

/** What Express and Fastify add to a request. They follow the proxies that the application trusts. */
export interface FrameworkRequest {
  principal?: Principal<object>;
  body?: unknown;
  /** The bytes of the body, with `rawBody: true`. */
  readonly rawBody?: Buffer;
  readonly ip?: string;
  readonly protocol?: string;
  readonly host?: string;
  /** The response, at a request of Express. */
  readonly res?: HttpResponse;
  /** The matched route of Express. */
  readonly route?: { readonly path?: unknown };
  /** The matched route of Fastify. */
  readonly routeOptions?: { readonly url?: unknown };
}

/**
 * A request, the response to it, and what the guards know of them, on any server. There is one for each request of Node,
 * so code that gets the same request by different ways shares it.
 */
export class Exchange implements HttpExchange {
  /** The request as strategies read it. */
  readonly authRequest: HttpAuthRequest;
  /** The challenges that answer the presented credential; null for those of all strategies. */
  challenges: readonly string[] | null = null;
  /** The handler that the request was admitted to, so that a guard applied twice to it authenticates only once. */
  admittedTo: object | null = null;
  /** Whether the request was admitted before its whole body had arrived. A client may delay the body for as long as it likes. */
  wasAdmittedEarly = false;
  /** Whether an earlier cross-site check has admitted the request. */
  isFromOwnSite = false;
  /** Whether the body was read or checked. */
  isBodyRead = false;
  #request: HttpRequest;
  #response: HttpResponse | null;
  #headers: ResponseHeaders | null = null;

  constructor(
    readonly message: IncomingMessage,
    request: HttpRequest = message,
    response: HttpResponse | null = null,
  ) {
    this.#request = request;
    this.#response = response ?? this.framework.res ?? null;
    this.authRequest = new HttpAuthRequest(this);
  }

  /** The request as the framework hands it to handlers. */
  get request(): HttpRequest {
    return this.#request;
  }

  get framework(): FrameworkRequest {
    return this.#request as FrameworkRequest;
  }

  /** What knows address, protocol and host of the client: Node's request, if its server tells them, or that of the framework. */
  get clientFacts(): Pick<FrameworkRequest, 'ip' | 'protocol' | 'host'> {
    return 'ip' in this.message ? (this.message as FrameworkRequest) : this.framework;
  }

  get response(): HttpResponse {
    if (!this.#response) throw new Error('This request is known without its response.');
    return this.#response;
  }

  /** Whether the response is known, so that headers can be set. A WebSocket has none. */
  get hasResponse(): boolean {
    return this.#response !== null;
  }

  /** The headers of the response. */
  get headers(): ResponseHeaders {
    if (this.#headers) return this.#headers;
    const { response } = this;
    return (this.#headers = isReply(response) ? new ReplyHeaders(response) : response);
  }

  /** The authenticated user: `request.principal` of the framework, where code of the application reads it. */
  get principal(): Principal | undefined {
    return this.framework.principal as Principal | undefined;
  }

  set principal(principal: Principal | undefined) {
    this.framework.principal = principal;
  }

  /** Whether a guard that was applied before has admitted the request to this handler. */
  isAdmittedTo(handler: object): boolean {
    return this.admittedTo === handler;
  }

  /** Authenticates the request. `isUse` is false if that must not count as a use of the session. */
  ask(auth: Auth, _isUse: boolean): Promise<AuthResult> {
    return auth.authenticate(this.authRequest);
  }

  get via(): RequestChannel {
    return 'http';
  }

  get method(): string {
    return this.message.method!;
  }

  /** Whether the request changes nothing, so that no other site can do harm by it. */
  get isSafe(): boolean {
    return isSafe(this.method);
  }

  /** The headers of the request. */
  get requestHeaders(): IncomingHttpHeaders {
    return this.message.headers;
  }

  /** Whether the whole body has arrived. */
  get isComplete(): boolean {
    return this.message.complete;
  }

  /** Identifies the client of the request. */
  identifiedBy(identify: () => Promise<Principal | null>): Promise<Principal | null> {
    return identify();
  }

  /** The pattern of the matched route, without values from the path, which may be confidential; `*` if none matched. */
  get route(): string {
    const { route, routeOptions } = this.framework;
    const path = route ? route.path : routeOptions?.url;
    return typeof path === 'string' ? path : '*';
  }

  /** The id that the response has; an empty text if it has none. */
  get id(): string {
    return this.#response ? String(this.headers.getHeader(REQUEST_ID) ?? '') : '';
  }

  /** Sets the status of the answer that the framework sends. */
  setStatus(status: number): void {
    const { response } = this;
    if (isReply(response)) response.code(status);
    else response.statusCode = status;
  }

  /**
   * Sends the response with the headers that are set. `body` is null for a status without one. If another response has
   * begun, closes the connection.
   */
  send(status: number, body: string | null): void {
    const { response, headers } = this;
    if (headers.headersSent) (isReply(response) ? response.raw : response).destroy();
    else if (isReply(response))
      response.code(status).send(body === null ? undefined : Buffer.from(body)); // adds a charset to the type of a text
    else {
      response.statusCode = status;
      if (body !== null) response.setHeader('Content-Length', Buffer.byteLength(body));
      response.end(body ?? undefined);
    }
  }

  /** Keeps what the framework knows, if the exchange was made of Node's request before. */
  learn(request: HttpRequest, response: HttpResponse | null): void {
    if (this.#request === this.message) this.#request = request;
    if (response === null || response === this.#response) return;
    if (this.#response && !isReply(response)) return;
    this.#response = response;
    this.#headers = null;
  }
}

/** A request as strategies read it. Address and origin follow the proxies that the application trusts. */
export class HttpAuthRequest implements AuthRequest {
  readonly #exchange: Exchange;
  #ip: string | null | undefined;
  #origin: string | null | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get via(): RequestChannel {
    return this.#exchange.via;
  }

  get method(): string {
    return this.#exchange.method;
  }

  get headers(): IncomingHttpHeaders {
    return this.#exchange.requestHeaders;
  }

  get ip(): string | null {
    if (this.#ip !== undefined) return this.#ip;
    const { clientFacts, message } = this.#exchange;
    const ip = 'ip' in clientFacts ? clientFacts.ip : message.socket.remoteAddress;
    return (this.#ip = ip === undefined ? null : plainAddress(ip));
  }

  get connection(): Socket {
    return this.#exchange.message.socket;
  }

  get origin(): string | null {
    return (this.#origin ??= this.originWith(this.isSecure ? 'https' : 'http'));
  }

  get id(): string | null {
    return this.#exchange.id || null;
  }

  /** Whether the client uses HTTPS. */
  get isSecure(): boolean {
    const { clientFacts, message } = this.#exchange;
    return clientFacts.protocol === undefined
      ? 'encrypted' in message.socket && message.socket.encrypted === true
      : clientFacts.protocol === 'https';
  }

  /** The origin of this server if the client uses this scheme; null without a valid host. */
  originWith(scheme: 'http' | 'https'): string | null {
    const { clientFacts, message } = this.#exchange;
    const host = 'host' in clientFacts ? clientFacts.host : message.headers.host;
    const url = `${scheme}://${host ?? ''}`;
    return URL.canParse(url) ? new URL(url).origin : null;
  }
}

/** The exchange of a request. The response is needed only to write headers; a request of Express knows it. */
export function exchangeOf(request: HttpRequest, response: HttpResponse | null = null): Exchange {
  const message: KnownMessage = messageOf(request);
  const known = message[EXCHANGE];
  if (!known) return (message[EXCHANGE] = new Exchange(message, request, response));
  known.learn(request, response);
  return known;
}

/** The exchange of a pair, which may be an exchange itself. */
export function exchangeIn(pair: HttpExchange): Exchange {
  return pair instanceof Exchange ? pair : exchangeOf(pair.request, pair.response);
}

/** A request as strategies read it. */
export function authRequestOf(request: HttpRequest): AuthRequest {
  return exchangeOf(request).authRequest;
}

function messageOf(request: HttpRequest): IncomingMessage {
  const { raw } = request as { readonly raw?: IncomingMessage };
  return raw?.headers ? raw : (request as IncomingMessage);
}

function isReply(response: HttpResponse): response is HttpReply {
  return 'raw' in response;
}
