import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
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

  constructor(
    modules: ModulesContainer,
    readonly prefix: string,
  ) {
    const controllers = new DiscoveryService(modules).getControllers();
    this.routes = controllers.flatMap(({ metatype }) => (metatype ? routesOf(metatype, prefix) : []));
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
