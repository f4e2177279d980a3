import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
} from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { readerOf } from '../exchange/contexts.js';
import { socketExchangeOf } from '../exchange/socket-exchange.js';

/**
 * Applies the guards of the application that has opened the socket. One instance serves all applications of a process, because
 * Nest takes the guards of a gateway from its class.
 */
class MessageGuard implements CanActivate {
  /** Throws for a socket that is not known. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    readerOf(context).exchangeOf(context);
    const { door } = socketExchangeOf(context.switchToWs().getClient<object>())!;
    for (const guard of door.guards) if (!(await guard.canActivate(context))) return false;
    return true;
  }
}

/** Sends refusals as the event `exception`, in the error format of the application. */
@Catch(DomainError)
class MessageFilter implements ExceptionFilter<DomainError> {
  catch(error: DomainError, host: ArgumentsHost): void {
    const exchange = socketExchangeOf(host.switchToWs().getClient<object>());
    if (exchange && !exchange.isEnded) exchange.socket?.send('exception', exchange.documentOf(error));
  }
}

export const MESSAGE_GUARD: CanActivate = new MessageGuard();
export const MESSAGE_FILTER: ExceptionFilter = new MessageFilter();
