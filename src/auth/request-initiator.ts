import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { Request } from 'express';
import type { Initiator } from '../audit/initiator.js';
import type { AuthRequest } from './auth-request.js';
import { userAgentOf } from './client-facts.js';
import { authRequestOf } from './express-request.js';

/** The initiator of what a request causes; `actorId` is the authenticated user, or null. */
export function initiatorOf(request: AuthRequest, actorId: string | null = null): Initiator {
  const { ip, connection, id } = request;
  return { via: 'http', actorId, ip, userAgent: userAgentOf(request), connection, requestId: id };
}

/** The initiator of an Express request. */
export function initiatorOfRequest(request: Request): Initiator {
  return initiatorOf(authRequestOf(request), request.principal?.account.id ?? null);
}

/** The initiator of this request. */
export const CurrentInitiator = createParamDecorator((_: unknown, context: ExecutionContext) =>
  initiatorOfRequest(context.switchToHttp().getRequest<Request>()),
);
