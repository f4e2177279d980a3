import { ServerResponse } from 'node:http';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import express, { type Request, type Response } from 'express';
import type { Auth } from '../../src/auth/auth.js';
import { AuthOptions } from '../../src/auth/auth-options.js';
import { AuthGuard } from '../../src/auth/guards/auth.guard.js';
import { CrossSiteCheck } from '../../src/auth/guards/cross-site-check.js';
import { Refusals } from '../../src/auth/refusals.js';

/** The guard of an application with this strategy. */
export function guardWith(auth: Auth, options = new AuthOptions()): AuthGuard {
  const { cookie, trustedOrigins } = options;
  const crossSite = new CrossSiteCheck({ https: cookie.secure, trustedOrigins });
  return new AuthGuard(auth, crossSite, new Refusals(auth, options));
}

/** What guards are told of a request that a handler is to serve. */
export function contextOf<T extends object>(
  controller: new () => T,
  handler: keyof T,
  request: Request,
): ExecutionContextHost {
  const { prototype } = controller as { prototype: T };
  return new ExecutionContextHost(
    [request, Object.setPrototypeOf(new ServerResponse(request), express().response) as Response],
    controller,
    prototype[handler] as () => unknown,
  );
}
