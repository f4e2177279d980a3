import { Catch } from '@nestjs/common';
import type { Exchange } from '../../auth/exchange/exchange.js';
import type { AuthOptions } from '../../auth/auth-options.js';
import type { Refusals } from '../../auth/refusals.js';
import { ProblemFilter } from '../../http/problem.filter.js';
import { requestedPath } from './request-checks.js';
import type { ServedRoutes } from './served-routes.js';

/** Also finds the route of a request that was refused before routing. */
@Catch()
export class ServerProblemFilter extends ProblemFilter {
  constructor(
    options: AuthOptions,
    refusals: Refusals,
    private readonly routes: () => ServedRoutes,
    protected override readonly explains: boolean,
  ) {
    super(options, refusals);
  }

  protected override routeOf(exchange: Exchange): string {
    const { route } = exchange;
    return route === '*' ? (this.routes().at(requestedPath(exchange))[0]?.path ?? '*') : route;
  }
}
