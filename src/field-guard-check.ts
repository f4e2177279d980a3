import { Injectable, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { freshnessOf, needsRole } from './auth/decorators/access.js';
import { GRAPHQL_OPTIONS, fieldResolversOf } from './auth/graphql-metadata.js';

/** Refuses to start with `@Roles()` or `@Fresh()` at a field resolver of GraphQL if Nest does not guard field resolvers. */
@Injectable()
export class FieldGuardCheck implements OnApplicationBootstrap {
  constructor(private readonly modules: ModulesContainer) {}

  onApplicationBootstrap(): void {
    const discovery = new DiscoveryService(this.modules);
    const providers = discovery.getProviders();
    const isGuarded = providers
      .filter(({ token }) => token === GRAPHQL_OPTIONS)
      .every(({ instance }) => guardsFields(instance));
    if (isGuarded) return;
    const faults = providers.flatMap((provider) => {
      const type = provider.metatype as Type<object>;
      return fieldResolversOf(provider)
        .filter((name) => isRestricted((type.prototype as Record<string, object>)[name]!, type))
        .map(
          (name) =>
            `${type.name}.${name} resolves a field, has @Roles() or @Fresh(), and is not guarded. ` +
            `Set fieldResolverEnhancers: ['guards'] in the options of GraphQLModule.`,
        );
    });
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }
}

function guardsFields(options: unknown): boolean {
  const { fieldResolverEnhancers } = Object(options) as { fieldResolverEnhancers?: readonly string[] };
  return fieldResolverEnhancers?.includes('guards') ?? false;
}

function isRestricted(handler: object, resolver: object): boolean {
  return needsRole(handler, resolver) || freshnessOf(handler, resolver) !== null;
}
