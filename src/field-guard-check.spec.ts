import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { CoatcheckModule, OptionalAuth, Public } from './index.js';

const NOTHING: MethodDecorator = () => {};

/** A resolver with the metadata of `@ResolveReference()` at its method. */
function newResolver(access: MethodDecorator = NOTHING): Type {
  class CoatsResolver {
    @access
    resolve() {}
  }
  Reflect.defineMetadata('graphql:resolve_reference', true, CoatsResolver.prototype.resolve);
  return CoatsResolver;
}

/** Starts an application with the resolver, and with options of `GraphQLModule`. */
async function start(resolver: Type, options: object = {}, global = true): Promise<void> {
  const auth = CoatcheckModule.forRoot({
    type: 'session_exp_auth',
    storage: { database: 'memory:' },
    cookie: { name: 'sid', secure: false },
    global,
  });
  const providers = [resolver, { provide: 'GqlModuleOptions', useValue: options }];
  const module = await Test.createTestingModule({ imports: [auth], providers }).compile();
  const app = await module.createNestApplication({ logger: false }).init();
  await app.close();
}

describe('A resolver of the references of a federation', () => {
  it.each([
    ['no decorator', NOTHING],
    ['@OptionalAuth()', OptionalAuth()],
  ])('with %s does not start unless Nest guards it', async (_, access) => {
    await expect(start(newResolver(access))).rejects.toThrow(
      "CoatsResolver.resolve resolves references, and is not guarded. Set fieldResolverEnhancers: ['guards'] in the " +
        'options of GraphQLModule, or make it @Public().',
    );
    await expect(start(newResolver(access), { fieldResolverEnhancers: ['guards'] })).resolves.toBeUndefined();
  });

  it('starts if it is public, or if no guard is global', async () => {
    await expect(start(newResolver(Public()))).resolves.toBeUndefined();
    await expect(start(newResolver(), {}, false)).resolves.toBeUndefined();
  });
});
