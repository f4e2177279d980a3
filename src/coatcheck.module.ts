import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { AuditModule } from './audit.module.js';
import { AuthModule } from './auth.module.js';
import type { AuthOptions } from './auth/auth-options.js';
import { CoatcheckOptions, type CoatcheckOptionsGiven } from './coatcheck-options.js';
import { type AsyncOptions, optionsProvider } from './common/async-options.js';
import { type Given, OptionsError } from './common/options.js';
import { SessionsModule } from './sessions.module.js';
import type { StorageOptions } from './storage/storage-options.js';
import { StorageModule } from './storage/storage.module.js';
import { UsersModule } from './users.module.js';

/** What decides which modules, guards, routes and providers there are: it is known before the application is built. */
interface Choice extends Pick<CoatcheckOptionsGiven, 'type' | 'strategies' | 'global' | 'routes'> {
  /** Given where a module, or a store of it, is left out. */
  readonly storage?: false | Pick<Given<StorageOptions>, 'without'>;
  readonly audit?: false;
}

export interface CoatcheckAsyncOptions
  extends AsyncOptions<Omit<CoatcheckOptionsGiven, 'type' | 'strategies' | 'global' | 'routes'>>, Choice {}

@Module({})
class CoatcheckOptionsModule {}

/** Imports `StorageModule`, `AuditModule`, `SessionsModule`, `AuthModule` and `UsersModule` with one set of options. */
@Module({})
export class CoatcheckModule extends NeedsForRoot {
  /** `imports` are the modules of what your own strategies inject. */
  static forRoot({
    imports = [],
    ...given
  }: CoatcheckOptionsGiven & Pick<ModuleMetadata, 'imports'> = {}): DynamicModule {
    const { storage, audit, sessions, auth, users } = new CoatcheckOptions(given);
    return {
      module: CoatcheckModule,
      providers: [MADE_BY_FOR_ROOT],
      imports: [
        ...(storage === false ? [] : [StorageModule.forRoot(storage)]),
        ...(audit === false ? [] : [AuditModule.forRoot(audit)]),
        SessionsModule.forRoot(sessions),
        AuthModule.forRoot({ ...auth, imports }),
        UsersModule.forRoot(users),
      ],
    };
  }

  /** The factory is called once; `imports` are also those of what your own strategies inject. */
  static forRootAsync({
    type,
    strategies,
    global,
    routes,
    storage,
    audit,
    ...given
  }: CoatcheckAsyncOptions): DynamicModule {
    const choice = {
      type,
      strategies,
      global,
      routes,
      ...(storage === false && { storage }),
      ...(audit === false && { audit }),
    };
    const chosen = new CoatcheckOptions({ ...choice, storage });
    const options: DynamicModule = {
      module: CoatcheckOptionsModule,
      imports: given.imports,
      providers: [optionsProvider(CoatcheckOptions, given, choice)],
      exports: [CoatcheckOptions],
    };
    const part = <Name extends keyof CoatcheckOptions>(name: Name) => ({
      imports: [options],
      inject: [CoatcheckOptions],
      useFactory: (all: CoatcheckOptions) => presentPart(all, name),
    });
    const { auth, users } = chosen;
    return {
      module: CoatcheckModule,
      providers: [MADE_BY_FOR_ROOT],
      imports: [
        ...(chosen.storage === false
          ? []
          : [
              StorageModule.forRootAsync({
                ...part('storage'),
                useFactory: (all: CoatcheckOptions) => storesOf(presentPart(all, 'storage')),
                without: chosen.storage.without,
              }),
            ]),
        ...(chosen.audit === false
          ? []
          : [AuditModule.forRootAsync({ ...part('audit'), routes: chosen.audit.routes })]),
        SessionsModule.forRootAsync(part('sessions')),
        AuthModule.forRootAsync({
          type: auth.type,
          strategies: auth.strategies,
          global: auth.global,
          routes: auth.routes,
          imports: [options, ...(given.imports ?? [])],
          inject: [CoatcheckOptions],
          useFactory: (all: CoatcheckOptions) => withoutChoice(all.auth),
        }),
        UsersModule.forRootAsync({ ...part('users'), routes: users.routes }),
      ],
    };
  }
}

/** A factory cannot leave out a module, as it is called when the modules are there. */
function presentPart<Name extends keyof CoatcheckOptions>(
  options: CoatcheckOptions,
  name: Name,
): Exclude<CoatcheckOptions[Name], false> {
  const part = options[name];
  if (part === false)
    throw new OptionsError('CoatcheckOptions', [
      `${name}: give false beside useFactory, as it decides which modules there are`,
    ]);
  return part as Exclude<CoatcheckOptions[Name], false>;
}

/** `without` is left out where the factory did not give it; where it did, `StorageModule` refuses it. */
function storesOf({ without, ...rest }: StorageOptions) {
  return without.length === 0 ? rest : { ...rest, without };
}

function withoutChoice({
  type: _type,
  strategies: _strategies,
  global: _global,
  routes: _routes,
  ...rest
}: AuthOptions) {
  return rest;
}
