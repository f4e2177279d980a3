import { Controller, SetMetadata, UseFilters, UseGuards, applyDecorators } from '@nestjs/common';
import { OWN_ROUTES } from '../auth/decorators/access.js';
import { OwnFastifyRoutes } from './fastify-bodies.js';
import { OwnRouteGuard } from './own-route.guard.js';
import { ProblemFilter } from './problem.filter.js';

/** Metadata that makes `@nestjs/swagger` leave out a controller. The package is loaded only for a description. */
export const LEFT_OUT = 'swagger/apiExcludeController';

/**
 * A controller of this package, with its guards, headers, body rules and error responses. It is in the Coatcheck description
 * of the API, and not in that of the application.
 */
export const CoatcheckController = (path = '') =>
  applyDecorators(
    Controller(path),
    SetMetadata(OWN_ROUTES, true),
    OwnFastifyRoutes,
    SetMetadata(LEFT_OUT, [true]),
    UseGuards(OwnRouteGuard),
    UseFilters(ProblemFilter),
  );
