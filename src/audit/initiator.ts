import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { Request } from 'express';
import type { Requester } from '../common/requester.js';
import { clientFacts } from '../http/client-facts.js';
import { requestIdOf } from '../http/request-id.js';

/** Who makes something happen, and from where. */
export interface Initiator extends Requester {
  /** A request, an operator's command, or code that says no more. */
  readonly via: 'http' | 'operator' | 'program';
  /** The signed-in user; null where there is none. */
  readonly actorId: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

const NOBODY = { actorId: null, ip: null, connection: null, userAgent: null, requestId: null };

/** Code that does not say on whose behalf it runs. */
export const PROGRAM: Initiator = { via: 'program', ...NOBODY };

/** Whoever may use the operator's command. */
export const OPERATOR: Initiator = { via: 'operator', ...NOBODY };

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
