import { type CanActivate, type ExecutionContext, Logger, type Type } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { DomainError } from '../../common/domain-error.js';
import type { ErrorFormat } from '../../common/problem.js';
import type { Principal } from '../auth.js';
import type { SocketDoor, SocketExchange } from '../exchange/socket-exchange.js';
import type { AuthGuard } from '../guards/auth.guard.js';
import { RolesGuard } from '../guards/roles.guard.js';
import type { HandshakeRequests } from './handshake-requests.js';

/** A gateway, and the guards of this package that apply to the whole of it. */
export interface GuardedGateway {
  readonly gateway: Type<object>;
  readonly guards: readonly CanActivate[];
}

/** What stands for the gateway of a namespace that has none. It has no decorators, so it requires a user. */
class NamespaceWithoutGateway {}

/** Decides who may connect to the gateways of one server or namespace. */
export class GatewayDoor implements SocketDoor {
  readonly gateways: GuardedGateway[] = [];
  readonly #logger = new Logger('Gateways');

  constructor(
    readonly requests: HandshakeRequests,
    readonly recheck: number,
    readonly errorFormat: ErrorFormat,
    readonly guards: readonly CanActivate[],
    private readonly auth: Pick<AuthGuard, 'identify'>,
  ) {}

  /** Null if the client may connect, otherwise the refusal. Never throws. */
  async refusalOf(exchange: SocketExchange): Promise<DomainError | null> {
    try {
      await this.#pass(exchange, () => true);
      return null;
    } catch (error) {
      if (error instanceof DomainError) return error;
      this.#logger.error({ failed: 'a handshake', err: error });
      return new DomainError('internal_error', { cause: error });
    }
  }

  identify(exchange: SocketExchange): Promise<Principal | null> {
    return this.auth.identify(exchange, false);
  }

  checkRights(exchange: SocketExchange): Promise<void> {
    return this.#pass(exchange, (guard) => guard instanceof RolesGuard);
  }

  async #pass(exchange: SocketExchange, isMeant: (guard: CanActivate) => boolean): Promise<void> {
    const { gateways, guards: all } = this;
    const known = gateways.length > 0 ? gateways : [{ gateway: NamespaceWithoutGateway, guards: all }];
    for (const { gateway, guards } of known)
      for (const guard of guards.filter(isMeant))
        if (!(await guard.canActivate(handshakeOf(exchange, gateway)))) throw new DomainError('forbidden');
  }
}

/** The context of a handshake: its handler is the gateway itself, so the decorators of the class decide. */
function handshakeOf({ client }: SocketExchange, gateway: Type<object>): ExecutionContext {
  const context = new ExecutionContextHost([client], gateway, gateway);
  context.setType('ws');
  return context;
}
