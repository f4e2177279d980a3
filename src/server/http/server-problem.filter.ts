import { Catch } from '@nestjs/common';
import type { Request } from 'express';
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

  protected override routeOf(request: Request): string {
    const route = super.routeOf(request);
    return route === '*' ? (this.routes().at(request.path)[0]?.path ?? '*') : route;
  }
}
