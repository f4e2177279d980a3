import { Controller, SetMetadata, UseFilters, UseGuards, applyDecorators } from '@nestjs/common';
import { OWN_ROUTES } from '../auth/decorators/access.js';
import { OwnRouteGuard } from './own-route.guard.js';
import { ProblemFilter } from './problem.filter.js';

/** By this `@nestjs/swagger` leaves a controller out. The package is loaded only where a description is made. */
export const LEFT_OUT = 'swagger/apiExcludeController';

/**
 * A controller of this package. It is in our description of the API and not in one that an application makes of itself. It
 * brings its guards, its headers, its rules of bodies and its refusals along.
 */
export const CoatcheckController = (path = '') =>
  applyDecorators(
    Controller(path),
    SetMetadata(OWN_ROUTES, true),
    SetMetadata(LEFT_OUT, [true]),
    UseGuards(OwnRouteGuard),
    UseFilters(ProblemFilter),
  );
