import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import { OptionsError, assertObject, isRecord } from './options.js';

/** A factory of options, what it injects, and the modules that provide that. */
export interface AsyncOptions<Options> extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...args: never[]) => Promise<Options> | Options;
}

const OF_FACTORY = ['imports', 'inject', 'useFactory'];

/**
 * Throws an `OptionsError` if the options are no object with a `useFactory`, or have another option than those that may be
 * given beside it.
 */
export function assertAsync(
  owner: string,
  given: Partial<AsyncOptions<object>>,
  beside: readonly string[] = [],
): void {
  assertObject(owner, given);
  if (typeof given.useFactory !== 'function')
    throw new OptionsError(owner, ['useFactory must be a function that returns the options']);
  const known = [...OF_FACTORY, ...beside];
  const others = Object.keys(given).filter((name) => !known.includes(name));
  if (others.length > 0)
    throw new OptionsError(
      owner,
      others.map((name) => `${name}: ${returnIt(known)}`),
    );
}

/** Of an option that is ignored where it is. */
export function returnIt(known: readonly string[]): string {
  return `let useFactory return it; beside it there may be ${known.join(', ')}`;
}

/**
 * Provides the options that a factory returns, together with the options that are given beside it because they decide which
 * routes and providers there are. Throws an `OptionsError` if the factory returns no object, or another value for one of
 * those options.
 */
export function optionsProvider<Options>(
  provide: Type<Options>,
  { inject = [], useFactory }: AsyncOptions<object>,
  beside: Readonly<Record<string, unknown>> = {},
): FactoryProvider<Options> {
  return {
    provide,
    inject,
    useFactory: async (...args: unknown[]) => {
      const made: unknown = await useFactory(...(args as never[]));
      if (!isRecord(made)) throw new OptionsError(provide.name, ['useFactory must return an object']);
      const faults = Object.entries(beside)
        .filter(([name, value]) => made[name] !== undefined && made[name] !== value)
        .map(
          ([name]) =>
            `${name}: give it beside useFactory, as it decides which routes and providers there are`,
        );
      if (faults.length > 0) throw new OptionsError(provide.name, faults);
      return new provide({ ...made, ...beside });
    },
  };
}
