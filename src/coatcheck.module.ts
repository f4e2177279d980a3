import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { AuditModule } from './audit.module.js';
import { AuthModule } from './auth.module.js';
import type { AuthOptions } from './auth/auth-options.js';
import { CoatcheckOptions, type CoatcheckOptionsGiven } from './coatcheck-options.js';
import { type AsyncOptions, assertAsync, optionsProvider, returnIt } from './common/async-options.js';
import { type Given, OptionsError, assertObject, isRecord } from './common/options.js';
import { FactorsModule } from './factors.module.js';
import type { FactorsOptions } from './factors/factors-options.js';
import { MailModule } from './mail.module.js';
import type { MailOptions } from './mail/mail-options.js';
import { SessionsModule } from './sessions.module.js';
import type { StorageOptions } from './storage/storage-options.js';
import { StorageModule } from './storage/storage.module.js';
import { UsersModule } from './users.module.js';
import type { UsersOptions, UsersOptionsGiven } from './users/users-options.js';

/** The options that decide which modules, guards, routes and providers there are, so a factory cannot return them. */
interface Choice extends Pick<CoatcheckOptionsGiven, 'type' | 'strategies' | 'global' | 'routes'> {
  /** False to leave out the module; `without` to leave out some stores. */
  readonly storage?: false | Pick<Given<StorageOptions>, 'without'>;
  readonly audit?: false;
  /** True if the factory returns options of mails. */
  readonly mail?: boolean;
  /** True if the factory returns options of second factors. */
  readonly factors?: boolean;
  /** The classes of your own users; the factory returns the other options of users. */
  readonly users?: Pick<UsersOptionsGiven, 'directory' | 'credentialVerifier'>;
}

export interface CoatcheckAsyncOptions
  extends AsyncOptions<Omit<CoatcheckOptionsGiven, 'type' | 'strategies' | 'global' | 'routes'>>, Choice {}

/** The names of a `Choice`. */
const BESIDE = ['type', 'strategies', 'global', 'routes', 'storage', 'audit', 'mail', 'factors', 'users'];

@Module({})
class CoatcheckOptionsModule {}

/**
 * Imports `StorageModule`, `AuditModule`, `SessionsModule`, `AuthModule`, `UsersModule`, and `MailModule` and `FactorsModule`
 * where there are options of them, with one set of options.
 */
@Module({})
export class CoatcheckModule extends NeedsForRoot {
  /** `imports` are the modules that provide the dependencies of your own strategies. */
  static forRoot(all: CoatcheckOptionsGiven & Pick<ModuleMetadata, 'imports'> = {}): DynamicModule {
    assertObject('CoatcheckOptions', all);
    const { imports = [], ...given } = all;
    const { storage, audit, sessions, auth, users, mail, factors } = new CoatcheckOptions(given);
    return {
      module: CoatcheckModule,
      providers: [MADE_BY_FOR_ROOT],
      imports: [
        ...(storage === false ? [] : [StorageModule.forRoot(storage)]),
        ...(audit === false ? [] : [AuditModule.forRoot(audit)]),
        SessionsModule.forRoot(sessions),
        AuthModule.forRoot({ ...auth, imports }),
        UsersModule.forRoot({ ...users, imports }),
        ...(mail === false ? [] : [MailModule.forRoot({ ...mail, imports })]),
        ...(factors === false ? [] : [FactorsModule.forRoot(factors)]),
      ],
    };
  }

  /** Calls the factory once. `imports` also provide the dependencies of your own strategies. */
  static forRootAsync(all: CoatcheckAsyncOptions): DynamicModule {
    assertAsync('CoatcheckOptions', all, BESIDE);
    assertChoice(all);
    const { type, strategies, global, routes, storage, audit, users: classes, ...rest } = all;
    const { mail = false, factors = false, ...given } = rest;
    const choice = {
      type,
      strategies,
      global,
      routes,
      ...(storage === false && { storage }),
      ...(audit === false && { audit }),
    };
    const chosen = new CoatcheckOptions({ ...choice, storage, users: classes });
    const options: DynamicModule = {
      module: CoatcheckOptionsModule,
      imports: given.imports,
      providers: [
        optionsProvider(CoatcheckOptions, withChosen(withClasses(given, classes), { mail, factors }), choice),
      ],
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
        UsersModule.forRootAsync({
          ...classes,
          routes: users.routes,
          imports: [options, ...(given.imports ?? [])],
          inject: [CoatcheckOptions],
          useFactory: ({ users: all }: CoatcheckOptions) => withoutClasses(all),
        }),
        ...(mail
          ? [
              MailModule.forRootAsync({
                routes: users.routes,
                imports: [options, ...(given.imports ?? [])],
                inject: [CoatcheckOptions],
                useFactory: (all: CoatcheckOptions) => withoutRoutes(presentPart(all, 'mail')),
              }),
            ]
          : []),
        ...(factors
          ? [
              FactorsModule.forRootAsync({
                routes: auth.routes,
                ...part('factors'),
                useFactory: (all: CoatcheckOptions) => withoutRoutes(presentPart(all, 'factors')),
              }),
            ]
          : []),
      ],
    };
  }
}

/** Throws if `storage`, `users` or `audit` beside a factory have options that only the factory can return. */
function assertChoice({ storage, audit, mail, factors, users }: Choice): void {
  const faults = [
    ...othersThan(['without'], storage, 'storage'),
    ...othersThan(['directory', 'credentialVerifier'], users, 'users'),
  ];
  if (![undefined, false].includes(audit)) faults.push(`audit: ${returnIt(['false'])}`);
  for (const [name, chosen] of Object.entries({ mail, factors }))
    if (![undefined, true, false].includes(chosen)) faults.push(`${name}: ${returnIt(['true', 'false'])}`);
  if (faults.length > 0) throw new OptionsError('CoatcheckOptions', faults);
}

function othersThan(known: readonly string[], given: unknown, part: string): string[] {
  const others = isRecord(given) ? Object.keys(given).filter((name) => !known.includes(name)) : [];
  return others.map((name) => `${part}.${name}: ${returnIt(known)}`);
}

/** Throws if a factory returned false: it cannot leave out a module, because it runs after the modules are chosen. */
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

/** The same options, whose factory also returns the classes of users, because other options depend on them. */
function withClasses(
  given: AsyncOptions<CoatcheckOptionsGiven>,
  classes: Choice['users'],
): AsyncOptions<object> {
  const useFactory = async (...args: never[]) => {
    const made: unknown = await given.useFactory(...args);
    const users: unknown = isRecord(made) ? (made['users'] ?? {}) : null;
    return isRecord(made) && isRecord(users) ? { ...made, users: { ...classes, ...users } } : made;
  };
  return { ...given, useFactory };
}

/** The same options. Throws if the factory returns options of a module that was not chosen, or the other way round. */
function withChosen(
  given: AsyncOptions<object>,
  chosen: Readonly<Record<'mail' | 'factors', boolean>>,
): AsyncOptions<object> {
  const useFactory = async (...args: never[]) => {
    const made: unknown = await given.useFactory(...args);
    if (!isRecord(made)) return made;
    const isGiven = (name: string) => (made[name] ?? false) !== false;
    const faults = Object.entries(chosen)
      .filter(([name, isChosen]) => isGiven(name) !== isChosen)
      .map(
        ([name]) =>
          `${name}: give ${String(isGiven(name))} beside useFactory, as it decides which modules there are`,
      );
    if (faults.length > 0) throw new OptionsError('CoatcheckOptions', faults);
    return made;
  };
  return { ...given, useFactory };
}

function withoutRoutes<Options extends MailOptions | FactorsOptions>({ routes: _routes, ...rest }: Options) {
  return rest;
}

/** Left out where there are none; where the factory gave others, `UsersModule` refuses them. */
function withoutClasses({ directory, credentialVerifier, ...rest }: UsersOptions) {
  return { ...rest, ...(directory && { directory }), ...(credentialVerifier && { credentialVerifier }) };
}
