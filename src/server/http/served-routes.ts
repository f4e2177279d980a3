import type { Express } from 'express';
import type { Route, RouteTable } from '../../http/route-table.js';
import { isDecodable } from './request-checks.js';

/** What the router of Express keeps of a path that it serves. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** The routes by which Express serves a path, as its own router sees them, and whom they admit. */
export class ServedRoutes {
  constructor(
    private readonly table: RouteTable,
    private readonly app: Express,
  ) {}

  /** The routes that serve a path, whatever the method; those written out before those with parameters; none where it is not UTF-8. */
  at(path: string): Route[] {
    if (!isDecodable({ path })) return [];
    const layers = (this.app.router as unknown as { readonly stack: readonly Layer[] }).stack;
    const served = layers.flatMap((layer) => (layer.route && layer.match(path) ? [layer.route] : []));
    const routes = served.flatMap(({ path: pattern, methods }) => {
      const known = this.table.routes.filter((route) => route.path === pattern);
      return known.length > 0
        ? known
        : Object.keys(methods).map((method) => unknown(method.toUpperCase(), pattern));
    });
    const unique = [...new Map(routes.map((route) => [`${route.method} ${route.path}`, route])).values()];
    const literal = unique.filter((route) => !/[:*{]/.test(route.path));
    return literal.length > 0 ? literal : unique;
  }
}

/** A path of which the decorators alone do not tell, such as one with a version, is for authenticated requests. */
function unknown(method: string, path: string): Route {
  return { method, path, access: 'required', roles: [], maxAge: null };
}
