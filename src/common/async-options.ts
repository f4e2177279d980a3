import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import { OptionsError, isRecord } from './options.js';

/** Where options come from: a factory, what it injects, and the modules that provide that. */
export interface AsyncOptions<Options> extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...args: never[]) => Promise<Options> | Options;
}

/**
 * Provides the options that a factory returns, with those that are given beside it because they decide which routes and
 * providers there are. A factory that returns no object, or another value of these, stops the start.
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
