import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable, Logger } from '@nestjs/common';
import type { DomainError } from '../../common/domain-error.js';
import type { Principal } from '../auth.js';
import { AuthOptions } from '../auth-options.js';
import type { HttpRequest } from '../exchange/http-exchange.js';
import type { OperationExchange } from '../exchange/operation-exchange.js';
import { type OpenSocket, type SocketDoor, SocketExchange } from '../exchange/socket-exchange.js';
import { closeWs, webSocketOn } from './socket-libraries.js';
import { SocketWatch } from './socket-watch.js';

/** Looks up the principal of an open socket. */
type LookUp = SocketDoor['identify'];

/** Closes the WebSockets below GraphQL when a session with subscriptions on them has ended. */
@Injectable()
export class Subscriptions {
  readonly #logger = new Logger('Subscriptions');
  /** What is watched on each connection, by the credential. */
  readonly #watched = new WeakMap<Socket, Map<string, SubscriptionExchange>>();
  #hasWarned = false;

  constructor(
    private readonly options: AuthOptions,
    private readonly sockets: SocketWatch,
  ) {}

  /**
   * Watches the WebSocket of a subscription of this principal. Operations with one credential share one watch. It lasts as long as the
   * socket, because nothing tells here when a subscription ends.
   */
  watch(operation: OperationExchange, principal: Principal, identify: LookUp): void {
    const connection = operation.message.socket as Socket | undefined;
    if (operation.via !== 'websocket' || !connection) return this.#warn();
    if (connection.destroyed) return;
    const credential = operation.requestHeaders.authorization ?? '';
    const watched = this.#watched.get(connection) ?? new Map<string, SubscriptionExchange>();
    if (watched.has(credential)) return;
    const exchange = new SubscriptionExchange(this.#doorWith(identify), operation, principal);
    this.#watched.set(connection, watched.set(credential, exchange));
    this.sockets.open(exchange, operation, lineOf(connection));
    connection.once('close', () => this.sockets.forget(exchange));
  }

  #doorWith(identify: LookUp): SocketDoor {
    const { sockets, errorFormat } = this.options;
    const checkRights = () => Promise.resolve();
    return { recheck: sockets.recheck, errorFormat, guards: [], identify, checkRights };
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
  constructor(
    door: SocketDoor,
    private readonly operation: OperationExchange,
    principal: Principal,
  ) {
    // Several principals on one WebSocket have one request.
    super(door, operation.message, Object.create(operation.request) as HttpRequest, operation);
    this.principal = principal;
  }

  override get requestHeaders(): IncomingHttpHeaders {
    return this.operation.requestHeaders;
  }
}

/** The protocols of GraphQL have no message for the problem, so the client gets only its code. */
function lineOf(connection: Socket): OpenSocket {
  return {
    send: () => {},
    close: (error: DomainError) => {
      const socket = webSocketOn(connection);
      if (socket) closeWs(socket, error);
      else connection.destroy();
    },
    terminate: () => connection.destroy(),
  };
}
