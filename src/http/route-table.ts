import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { type Access, accessOf, freshnessOf, needsRole } from '../auth/decorators/access.js';

export interface Route {
  readonly method: string;
  /** With the prefix, and parameters as `:name`. */
  readonly path: string;
  readonly access: Access;
  /** Whether only some roles may call. */
  readonly needsRole: boolean;
  /** The maximum age of the password confirmation that the route may require, in milliseconds; null if it requires none. */
  readonly maxAge: number | null;
}

/** All routes of an application and who may call them, from the decorators that the guards use. */
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
    const maxAge = freshnessOf(handler, controller)?.maxAge ?? null;
    return pathsOf(controller).flatMap((base) =>
      pathsOf(handler).map((path) => ({
        method: RequestMethod[method],
        path: joinPath(prefix, base, path),
        access,
        needsRole: needsRole(handler, controller),
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
