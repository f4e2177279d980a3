import { Controller, SetMetadata, UseFilters, UseGuards, applyDecorators } from '@nestjs/common';
import { OWN_ROUTES } from '../auth/decorators/access.js';
import { OwnRouteGuard } from './own-route.guard.js';
import { ProblemFilter } from './problem.filter.js';

/** A controller of this package: it brings its guards, its headers, its rules of bodies and its refusals along. */
export const CoatcheckController = (path = '') =>
  applyDecorators(
    Controller(path),
    SetMetadata(OWN_ROUTES, true),
    UseGuards(OwnRouteGuard),
    UseFilters(ProblemFilter),
  );
