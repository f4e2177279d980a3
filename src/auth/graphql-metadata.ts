import { MetadataScanner } from '@nestjs/core';

/** The metadata by which `@nestjs/graphql` knows its handlers, and the token of the options of its module. */
const REFERENCE = 'graphql:resolve_reference';
const HANDLERS = ['graphql:resolver_type', 'graphql:resolve_property', REFERENCE] as const;
export const GRAPHQL_OPTIONS = 'GqlModuleOptions';

/** A provider of Nest. */
interface Provider {
  readonly metatype: object | null;
}

/** A handler of GraphQL. */
interface GraphqlHandler {
  readonly name: string;
  readonly method: object;
  /** Whether it resolves references of a federation. */
  readonly isReference: boolean;
}

/** Whether a provider has handlers of GraphQL. */
export function isResolver({ metatype }: Provider): boolean {
  return handlersIn(metatype, HANDLERS).length > 0;
}

/** The methods of a class that resolve fields and references, which Nest guards only if it is told to. */
export function fieldResolversOf({ metatype }: Provider): GraphqlHandler[] {
  return handlersIn(metatype, HANDLERS.slice(1));
}

function handlersIn(metatype: object | null, keys: readonly string[]): GraphqlHandler[] {
  const { prototype } = Object(metatype) as { prototype?: Record<string, object> };
  if (typeof metatype !== 'function' || !prototype) return [];
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .map((name) => {
      const method = prototype[name]!;
      return { name, method, isReference: Reflect.hasMetadata(REFERENCE, method) };
    })
    .filter(({ method }) => keys.some((key) => Reflect.hasMetadata(key, method)));
}
