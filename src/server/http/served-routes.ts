import type { Route, RouteTable } from '../../http/route-table.js';
import { isDecodable } from './request-checks.js';
import type { ServedPattern } from './server-adapter.js';

/** Finds the routes of a path with the router of the server, and the access that each requires. */
export class ServedRoutes {
  constructor(
    private readonly table: RouteTable,
    private readonly patterns: () => readonly ServedPattern[],
  ) {}

  /** The routes of a path, for all methods. Literal routes win over routes with parameters. Empty if it is not UTF-8. */
  at(path: string): Route[] {
    if (!isDecodable(path)) return [];
    const served = this.patterns().filter((pattern) => pattern.matches(path));
    const routes = served.flatMap(({ path: pattern, methods }) => {
      const known = this.table.routes.filter((route) => route.path === pattern);
      return known.length > 0 ? known : methods.map((method) => unknown(method, pattern));
    });
    const unique = [...new Map(routes.map((route) => [`${route.method} ${route.path}`, route])).values()];
    const literal = unique.filter((route) => !/[:*{]/.test(route.path));
    return literal.length > 0 ? literal : unique;
  }
}

/** A route that the decorators do not describe, such as one with a version. It requires authentication. */
function unknown(method: string, path: string): Route {
  return { method, path, access: 'required', needsRole: false, maxAge: null };
}
