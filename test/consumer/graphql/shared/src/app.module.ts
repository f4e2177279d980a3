import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Controller, type DynamicModule, Get, Module, Param, Post, UseGuards } from '@nestjs/common';
import { type Enhancer, GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { AuthGuard, CoatcheckModule, FreshGuard, Public, RolesGuard } from 'coatcheck';
import { CoatsResolver } from './resolvers.js';
import { stores } from './stores.js';

/** Whether the resolver itself names the guards. */
const namesGuards = process.env['GUARDS'] === 'named';
if (namesGuards) UseGuards(AuthGuard, RolesGuard, FreshGuard)(CoatsResolver);

const fieldResolverEnhancers: Enhancer[] = process.env['FIELDS'] === 'open' ? [] : ['guards'];

const DRIVERS: Record<string, DynamicModule> = {
  apollo: GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    fieldResolverEnhancers,
    subscriptions: { 'graphql-ws': true },
    allowBatchedHttpRequests: true,
    csrfPrevention: false,
    introspection: true,
  }),
  mercurius: GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    autoSchemaFile: true,
    fieldResolverEnhancers,
    allowBatchedQueries: true,
    subscription: true,
  }),
};

/** What the tests ask beside GraphQL. */
@Controller('stores')
@Public()
export class StoresController {
  @Get()
  calls() {
    return { calls: stores.calls };
  }

  @Post(':state')
  change(@Param('state') state: string) {
    stores.areDown = state === 'down';
    return {};
  }
}

@Module({
  imports: [
    CoatcheckModule.forRoot({
      type: 'session_db_auth,token_auth,basic_auth',
      allowMemorySessionsInTests: true,
      storage: { database: process.env['DATABASE'] ?? 'memory:' },
      users: { passwordHash: 'bcrypt', passwordCost: 4, registration: 'first' },
      sockets: { recheck: 1000 },
      remembered: { idle: Infinity, absolute: 1000 },
      cookie: { name: 'sid', secure: false },
      global: process.env['GLOBAL'] !== 'false' && !namesGuards,
    }),
    DRIVERS[process.env['DRIVER'] ?? 'apollo']!,
  ],
  controllers: [StoresController],
  providers: [CoatsResolver],
})
export class AppModule {}
