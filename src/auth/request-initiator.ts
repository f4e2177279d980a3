import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { Request } from 'express';
import type { Initiator } from '../audit/initiator.js';
import { clientFacts } from './client-facts.js';
import { requestIdOf } from './request-id.js';

/** Who sent a request, as far as a guard has found out, or is known otherwise. */
export function initiatorOf(request: Request, actorId = principalOf(request)): Initiator {
  return {
    via: 'http',
    actorId,
    ...clientFacts(request),
    connection: request.socket,
    requestId: requestIdOf(request) || null,
  };
}

function principalOf(request: Request): string | null {
  const { principal } = request as { principal?: { readonly user: { readonly id: string } } };
  return principal?.user.id ?? null;
}

/** The initiator of this request. */
export const CurrentInitiator = createParamDecorator((_: unknown, context: ExecutionContext) =>
  initiatorOf(context.switchToHttp().getRequest<Request>()),
);
