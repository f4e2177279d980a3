import type { Request, Response } from 'express';
import { exchangeOf } from '../../auth/exchange/exchange.js';
import { DomainError } from '../../common/domain-error.js';
import type { ServedRoutes } from './served-routes.js';
import type { AuthGuard } from '../../auth/guards/auth.guard.js';

/** Answers requests without a route: 404, 405, or 204 to OPTIONS. Without authentication 401, except for public paths. */
export class UnmatchedRoutes {
  constructor(
    private readonly guard: AuthGuard,
    private readonly routes: () => ServedRoutes,
  ) {}

  async answer(request: Request, response: Response): Promise<void> {
    const routes = this.routes().at(request.path);
    const isOptions = request.method === 'OPTIONS';
    const isPublic = !isOptions && routes.length > 0 && routes.every((route) => route.access === 'public');
    if (!isPublic && !(await this.guard.identify(exchangeOf(request, response))))
      throw new DomainError('credentials_missing');
    if (routes.length === 0) throw new DomainError('not_found');
    const allow = allowed(routes.map((route) => route.method));
    if (!isOptions) throw new DomainError('method_not_allowed', { allow });
    response.status(204).setHeader('Allow', allow).end();
  }
}

function allowed(methods: readonly string[]): string {
  const all = new Set([...methods, 'OPTIONS']);
  if (all.has('GET')) all.add('HEAD');
  return [...all].toSorted().join(', ');
}
