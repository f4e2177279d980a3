import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuthGuard } from '../auth/guards/auth.guard.js';
import { FreshGuard } from '../auth/guards/fresh.guard.js';
import { LateBodyGuard } from '../auth/guards/late-body.guard.js';
import { RolesGuard } from '../auth/guards/roles.guard.js';
import { BodyGuard } from './body.guard.js';
import { setOwnHeaders } from './own-headers.js';

/** All guards in their order: who asks, with which role, with which body, and whether the proof is fresh enough for it. */
export const GUARDS = [AuthGuard, RolesGuard, BodyGuard, LateBodyGuard, FreshGuard] as const;

/** Guards the routes of this package by all guards, whether or not the application applies these to all of its routes. */
@Injectable()
export class OwnRouteGuard implements CanActivate {
  readonly #guards: readonly CanActivate[];

  constructor(
    auth: AuthGuard,
    roles: RolesGuard,
    body: BodyGuard,
    lateBody: LateBodyGuard,
    fresh: FreshGuard,
  ) {
    this.#guards = [auth, roles, body, lateBody, fresh];
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    setOwnHeaders(http.getRequest<Request>(), http.getResponse<Response>());
    for (const guard of this.#guards) if (!(await guard.canActivate(context))) return false;
    return true;
  }
}
