import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { Initiator } from '../audit/initiator.js';
import type { AuthRequest } from './auth-request.js';
import { userAgentOf } from './client-facts.js';
import { headerOf } from './header-of.js';
import { exchangeAt } from './exchange/contexts.js';
import { type Exchange, exchangeOf } from './exchange/exchange.js';
import type { HttpRequest } from './exchange/http-exchange.js';

/** The initiator of what a request causes; `actorId` is the authenticated user, or null. */
export function initiatorOf(request: AuthRequest, actorId: string | null = null): Initiator {
  const { via, ip, connection, id } = request;
  const languages = headerOf(request, 'accept-language') || null;
  return { via, actorId, ip, userAgent: userAgentOf(request), connection, requestId: id, languages };
}

/** The initiator of what an exchange causes. */
export function initiatorIn({ authRequest, principal }: Exchange): Initiator {
  return initiatorOf(authRequest, principal?.account.id ?? null);
}

/** The initiator of a request of Express, Fastify or Node. */
export function initiatorOfRequest(request: HttpRequest): Initiator {
  return initiatorIn(exchangeOf(request));
}

/** The initiator of this request. */
export const CurrentInitiator = createParamDecorator((_: unknown, context: ExecutionContext) =>
  initiatorIn(exchangeAt(context)),
);
