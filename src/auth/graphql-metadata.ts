import { MetadataScanner } from '@nestjs/core';

/** The metadata by which `@nestjs/graphql` knows its handlers, and the token of the options of its module. */
const HANDLERS = ['graphql:resolver_type', 'graphql:resolve_property', 'graphql:resolve_reference'] as const;
export const GRAPHQL_OPTIONS = 'GqlModuleOptions';

/** A provider of Nest. */
interface Provider {
  readonly metatype: object | null;
}

/** Whether a provider has handlers of GraphQL. */
export function isResolver({ metatype }: Provider): boolean {
  return handlersIn(metatype, HANDLERS).length > 0;
}

/** The names of the methods of a class that resolve fields and references, which Nest guards only if it is told to. */
export function fieldResolversOf({ metatype }: Provider): string[] {
  return handlersIn(metatype, HANDLERS.slice(1));
}

function handlersIn(metatype: object | null, keys: readonly string[]): string[] {
  const { prototype } = Object(metatype) as { prototype?: Record<string, object> };
  if (typeof metatype !== 'function' || !prototype) return [];
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .filter((name) => keys.some((key) => Reflect.hasMetadata(key, prototype[name]!)));
}
