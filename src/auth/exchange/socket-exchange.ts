import { type IncomingMessage, ServerResponse } from 'node:http';
import type { CanActivate } from '@nestjs/common';
import type { DomainError } from '../../common/domain-error.js';
import type { ErrorAnswer, ErrorFormat } from '../../common/problem.js';
import type { AppUser } from '../../users/user-directory.js';
import type { Auth, AuthResult, Principal } from '../auth.js';
import { Exchange } from './exchange.js';
import type { HttpRequest } from './http-exchange.js';
import type { ResponseHeaders } from './response-headers.js';

/** An open socket, whatever library has it. */
export interface OpenSocket {
  /** Sends a message. */
  send(event: string, data: object): void;
  /** Closes the socket; the client gets the code and the document of the error. */
  close(error: DomainError, document: object): void;
  /** Ends the connection if the client has not done so. */
  terminate(): void;
}

/** How long a client may take to close its side, as a share of the interval. */
const GRACE = 0.1;

/** What the gateways of one server or namespace, or the subscriptions on one WebSocket, ask of their sockets. */
export interface SocketDoor {
  /** Milliseconds for which a look-up counts. */
  readonly recheck: number;
  readonly errorFormat: ErrorFormat;
  /** The guards of every message. */
  readonly guards: readonly CanActivate[];
  /** Looks up the principal of an open socket, which is no use of its session. Throws the refusal. */
  identify(exchange: SocketExchange): Promise<Principal | null>;
  /** Throws if the principal has lost a right that a gateway itself asks for. */
  checkRights(exchange: SocketExchange): Promise<void>;
}

/** By the request and by the socket of the library. */
const exchanges = new WeakMap<object, SocketExchange>();

/**
 * The exchange of the handshake of a WebSocket. It lasts as long as the socket: its principal is looked up again, not its
 * credential, so that a token which is replaced in the meantime does not matter.
 */
export class SocketExchange extends Exchange {
  /** The socket, from when it is open. */
  socket: OpenSocket | null = null;
  /** When a look-up was due that has not been answered yet; null if there is none. */
  dueSince: number | null = null;
  #ending: DomainError | null = null;
  #lookedUpAt = -Infinity;
  #lookUp: Promise<Principal | null> | null = null;
  #headers: ServerResponse | null = null;

  /**
   * `request` is the handshake as the HTTP framework has it. `client` is what stands for the client in contexts of the
   * handshake: the request of Node or the socket of the library.
   */
  constructor(
    readonly door: SocketDoor,
    message: IncomingMessage,
    request: HttpRequest,
    readonly client: object = message,
  ) {
    super(message, request);
    exchanges.set(client, this);
  }

  override get via(): 'websocket' {
    return 'websocket';
  }

  override get hasResponse(): boolean {
    return true;
  }

  /** The headers of a refused handshake. */
  override get headers(): ResponseHeaders {
    return (this.#headers ??= new ServerResponse(this.message));
  }

  /** The headers of a refused handshake, in one line each. */
  get headerLines(): Record<string, string> {
    const set = Object.entries(this.#headers?.getHeaders() ?? {});
    return Object.fromEntries(set.map(([name, value]) => [name, [value].flat().join(', ')]));
  }

  /** False: what is sent on a socket may change anything, although the handshake is a GET. */
  override get isSafe(): boolean {
    return false;
  }

  override get isComplete(): boolean {
    return true;
  }

  /** False: each message is checked. */
  override isAdmittedTo(): boolean {
    return false;
  }

  /** Whether the socket is to be closed. */
  get isEnded(): boolean {
    return this.#ending !== null;
  }

  override ask(auth: Auth, isUse: boolean): Promise<AuthResult> {
    const { principal } = this;
    return (principal && auth.recheck(principal, isUse)) ?? super.ask(auth, isUse);
  }

  /** The principal as of the last use if that is recent, otherwise as of a look-up. Calls at the same time share one. */
  override async identifiedBy(lookUp: () => Promise<Principal | null>): Promise<Principal | null> {
    if (this.#ending) throw this.#ending;
    if (performance.now() - this.#lookedUpAt < this.door.recheck) return this.principal ?? null;
    return (this.#lookUp ??= this.#identify(lookUp).finally(() => {
      this.#lookUp = null;
    }));
  }

  /** The answer to a refusal in the error format of the application. */
  answerTo(error: DomainError): ErrorAnswer {
    return this.door.errorFormat(error.problem);
  }

  documentOf(error: DomainError): object {
    return this.answerTo(error).body;
  }

  /** Keeps the socket, which is open now. */
  open(client: object, socket: OpenSocket): void {
    exchanges.set(client, this);
    this.socket = socket;
    if (this.#ending) this.#close(socket, this.#ending);
  }

  /** Closes the socket, once. */
  end(error: DomainError): void {
    if (this.#ending) return;
    this.#ending = error;
    if (this.socket) this.#close(this.socket, error);
  }

  #close(socket: OpenSocket, error: DomainError): void {
    socket.close(error, this.documentOf(error));
    setTimeout(() => socket.terminate(), GRACE * this.door.recheck).unref();
  }

  async #identify(lookUp: () => Promise<Principal | null>): Promise<Principal | null> {
    const startedAt = performance.now();
    try {
      const principal = await lookUp();
      this.#lookedUpAt = startedAt;
      return principal;
    } catch (error) {
      if (this.principal && isEnding(error)) this.end(error);
      throw error;
    }
  }
}

/** Whether an error says that the principal of an open socket is no longer let in; others say that it is not known. */
export function isEnding(error: unknown): error is DomainError {
  const { status } = (Object(error) as Partial<DomainError>).problem ?? {};
  return status === 401 || status === 403;
}

/** The exchange of a request or socket; undefined if no gateway that is guarded here has it. */
export function socketExchangeOf(client: object): SocketExchange | undefined {
  return exchanges.get(client);
}

/**
 * The principal of a socket of a gateway, as of the last check; null for an anonymous one and on a gateway that is public.
 * For `handleConnection` and other code outside message handlers.
 */
export function socketPrincipal<U extends object = AppUser>(socket: object): Principal<U> | null {
  return (socketExchangeOf(socket)?.principal as Principal<U> | undefined) ?? null;
}
