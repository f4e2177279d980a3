import type { Exchange } from '../../auth/exchange/exchange.js';
import { DomainError } from '../../common/domain-error.js';
import { requestedPath } from './request-checks.js';
import type { ServedRoutes } from './served-routes.js';
import type { AuthGuard } from '../../auth/guards/auth.guard.js';

/** Answers requests without a route: 404, 405, or 204 to OPTIONS. Without authentication 401, except for public paths. */
export class UnmatchedRoutes {
  constructor(
    private readonly guard: AuthGuard,
    private readonly routes: () => ServedRoutes,
  ) {}

  async answer(exchange: Exchange): Promise<void> {
    const routes = this.routes().at(requestedPath(exchange));
    const isOptions = exchange.method === 'OPTIONS';
    const isPublic = !isOptions && routes.length > 0 && routes.every((route) => route.access === 'public');
    if (!isPublic && !(await this.guard.identify(exchange))) throw new DomainError('credentials_missing');
    const methods = routes.map((route) => route.method);
    // A route of the same method was not reached: it has another spelling, which the router decodes.
    const served = exchange.method === 'HEAD' ? 'GET' : exchange.method;
    if (routes.length === 0 || methods.includes(served)) throw new DomainError('not_found');
    const allow = allowed(methods);
    if (!isOptions) throw new DomainError('method_not_allowed', { allow });
    exchange.headers.setHeader('Allow', allow);
    exchange.send(204, null);
  }
}

function allowed(methods: readonly string[]): string {
  const all = new Set([...methods, 'OPTIONS']);
  if (all.has('GET')) all.add('HEAD');
  return [...all].toSorted().join(', ');
}
