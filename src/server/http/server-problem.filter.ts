import { Catch } from '@nestjs/common';
import type { Request } from 'express';
import type { Exchange } from '../../auth/exchange/exchange.js';
import type { AuthOptions } from '../../auth/auth-options.js';
import type { Refusals } from '../../auth/refusals.js';
import { ProblemFilter } from '../../http/problem.filter.js';
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
    const { route, request } = exchange;
    return route === '*' ? (this.routes().at((request as Request).path)[0]?.path ?? '*') : route;
  }
}
