import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { AuthOptions } from '../auth-options.js';
import type { HttpRequest } from '../exchange/http-exchange.js';
import type { OperationExchange } from '../exchange/operation-exchange.js';
import { type OpenSocket, type SocketDoor, SocketExchange } from '../exchange/socket-exchange.js';
import { RolesGuard } from '../guards/roles.guard.js';
import { closeWs, webSocketOn } from './socket-libraries.js';
import { SocketWatch } from './socket-watch.js';

/** What is watched on one connection, by the credential. */
type Watched = Map<string, SubscriptionExchange>;

/** Closes the WebSockets below GraphQL when a session with subscriptions on them has ended. */
@Injectable()
export class Subscriptions {
  readonly #logger = new Logger('Subscriptions');
  readonly #watched = new WeakMap<Socket, Watched>();
  #hasWarned = false;

  constructor(
    private readonly options: AuthOptions,
    private readonly sockets: SocketWatch,
    private readonly roles: RolesGuard,
  ) {}

  /**
   * Watches the WebSocket of a subscription that was let in with a credential. Operations with one credential share one watch. It lasts
   * as long as the socket, because nothing tells here when a subscription ends.
   */
  watch(operation: OperationExchange, context: ExecutionContext, identify: SocketDoor['identify']): void {
    const connection = operation.message.socket as Socket | undefined;
    if (operation.via !== 'websocket' || !connection) return this.#warn();
    if (connection.destroyed) return;
    const watched: Watched = this.#watched.get(connection) ?? new Map();
    this.#watched.set(connection, watched);
    const credential = operation.requestHeaders.authorization ?? '';
    const exchange = watched.get(credential) ?? this.#open(operation, connection, identify);
    watched.set(credential, exchange);
    const [handler, resolver] = [context.getHandler(), context.getClass()];
    if (this.roles.admits(operation.principal, handler, resolver)) exchange.handlers.set(handler, resolver);
  }

  #open(
    operation: OperationExchange,
    connection: Socket,
    identify: SocketDoor['identify'],
  ): SubscriptionExchange {
    const { sockets, errorFormat } = this.options;
    const checkRights = () => this.#checkRights(exchange);
    const door: SocketDoor = { recheck: sockets.recheck, errorFormat, guards: [], identify, checkRights };
    const exchange = new SubscriptionExchange(door, operation);
    this.sockets.open(exchange, operation, lineOf(connection));
    connection.once('close', () => this.sockets.forget(exchange));
    return exchange;
  }

  #checkRights({ principal, handlers }: SubscriptionExchange): Promise<void> {
    const isAllowed = [...handlers].every((of) => this.roles.admits(principal, ...of));
    return isAllowed ? Promise.resolve() : Promise.reject(new DomainError('role_required'));
  }

  #warn(): void {
    if (!this.#hasWarned)
      this.#logger.warn(
        'The context of a subscription does not have the request of its WebSocket, so the subscription goes on when its session ends. ' +
          'Keep the request of the handshake in the context.',
      );
    this.#hasWarned = true;
  }
}

/** A WebSocket below GraphQL, as far as it belongs to the principal of one credential. */
class SubscriptionExchange extends SocketExchange {
  /** The subscriptions that were started with the roles that they ask for, with their resolvers. */
  readonly handlers = new Map<object, object>();

  constructor(
    door: SocketDoor,
    private readonly operation: OperationExchange,
  ) {
    // Several principals on one WebSocket have one request.
    super(door, operation.message, Object.create(operation.request) as HttpRequest, operation);
    this.principal = operation.principal;
  }

  override get requestHeaders(): IncomingHttpHeaders {
    return this.operation.requestHeaders;
  }
}

/** The protocols of GraphQL have no message for the problem, so the client gets only its code. */
function lineOf(connection: Socket): OpenSocket {
  return {
    send: () => {},
    close: (error) => {
      const socket = webSocketOn(connection);
      if (socket) closeWs(socket, error);
      else connection.destroy();
    },
    terminate: () => connection.destroy(),
  };
}
