import { Injectable, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { accessOf, freshnessOf, needsRole } from './auth/decorators/access.js';
import { GRAPHQL_OPTIONS, fieldResolversOf } from './auth/graphql-metadata.js';
import { AuthGuard } from './auth/guards/auth.guard.js';
import { isAppGuard } from './auth/message-metadata.js';

const REMEDY = "Set fieldResolverEnhancers: ['guards'] in the options of GraphQLModule";

/**
 * Refuses to start if Nest does not guard the fields of GraphQL, and a field has `@Roles()` or `@Fresh()`, or references are
 * resolved, which a client can ask for directly.
 */
@Injectable()
export class FieldGuardCheck implements OnApplicationBootstrap {
  constructor(private readonly modules: ModulesContainer) {}

  onApplicationBootstrap(): void {
    const providers = new DiscoveryService(this.modules).getProviders();
    const isGuarded = providers
      .filter(({ token }) => token === GRAPHQL_OPTIONS)
      .every(({ instance }) => guardsFields(instance));
    if (isGuarded) return;
    const isClosed = isAppGuard(AuthGuard, this.modules);
    const faults = providers.flatMap((provider) => {
      const type = provider.metatype as Type<object>;
      return fieldResolversOf(provider).flatMap(({ name, method, isReference }) => {
        const label = `${type.name}.${name}`;
        if (isReference && isClosed && accessOf(method, type) !== 'public')
          return `${label} resolves references, and is not guarded. ${REMEDY}, or make it @Public().`;
        const isRestricted = needsRole(method, type) || freshnessOf(method, type) !== null;
        return isRestricted
          ? `${label} resolves a field, has @Roles() or @Fresh(), and is not guarded. ${REMEDY}.`
          : [];
      });
    });
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }
}

function guardsFields(options: unknown): boolean {
  const { fieldResolverEnhancers } = Object(options) as { fieldResolverEnhancers?: readonly string[] };
  return fieldResolverEnhancers?.includes('guards') ?? false;
}
