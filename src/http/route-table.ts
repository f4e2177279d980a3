import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { Request } from 'express';
import { pathToRegexp } from 'path-to-regexp';
import { type Access, accessOf, freshnessOf, rolesOf } from '../auth/decorators/access.js';

export interface Route {
  readonly method: string;
  /** With the prefix in front and parameters as `:name`. */
  readonly path: string;
  readonly access: Access;
  /** The roles that may call; empty where any may. */
  readonly roles: readonly string[];
  /** How old, in milliseconds, a proof may be that the route may ask for; null where it asks for none. */
  readonly maxAge: number | null;
}

/** All routes of an application and whom they admit, read off the decorators that the guards read. */
export class RouteTable {
  readonly routes: readonly Route[];
  readonly #patterns: ReadonlyMap<string, RegExp>;

  constructor(
    modules: ModulesContainer,
    readonly prefix: string,
  ) {
    const controllers = new DiscoveryService(modules).getControllers();
    this.routes = controllers.flatMap(({ metatype }) => (metatype ? routesOf(metatype, prefix) : []));
    this.#patterns = new Map(
      this.routes.map(({ path }) => [path, pathToRegexp(path, { sensitive: true }).regexp] as const),
    );
  }

  /** The pattern of the route that a request is for, and `*` where there is none. */
  patternOf(request: Request): string {
    const matched: unknown = request.route?.path;
    return typeof matched === 'string' ? matched : (this.at(request.path)[0]?.path ?? '*');
  }

  /** The routes that serve a path, whatever the method; one that is written out before those with parameters. */
  at(path: string): Route[] {
    const matching = this.routes.filter((route) => this.#patterns.get(route.path)?.test(path));
    const literal = matching.filter((route) => !/[:*{]/.test(route.path));
    return literal.length > 0 ? literal : matching;
  }
}

function routesOf(controller: { readonly prototype: object } & object, prefix: string): Route[] {
  const handlers = controller.prototype as Record<string, object>;
  return new MetadataScanner().getAllMethodNames(controller.prototype).flatMap((name) => {
    const handler = handlers[name]!;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    const access = accessOf(handler, controller);
    const roles = rolesOf(handler, controller);
    const maxAge = freshnessOf(handler, controller)?.maxAge ?? null;
    return pathsOf(controller).flatMap((base) =>
      pathsOf(handler).map((path) => ({
        method: RequestMethod[method],
        path: joinPath(prefix, base, path),
        access,
        roles,
        maxAge,
      })),
    );
  });
}

function pathsOf(target: object): string[] {
  return [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat();
}

function joinPath(...parts: string[]): string {
  return `/${parts
    .flatMap((part) => part.split('/'))
    .filter(Boolean)
    .join('/')}`;
}
