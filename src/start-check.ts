import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { STORES } from './storage/stores.js';

const ADAPTERS: ReadonlySet<string> = new Set(['express', 'fastify']);

/**
 * Refuses to start an application that has a store from two places, since the order of imports would decide which one is
 * used, or that runs neither on Express nor on Fastify.
 */
@Injectable()
export class StartCheck implements OnModuleInit {
  constructor(private readonly moduleRef: ModuleRef) {
    const modules = [...moduleRef.get(ModulesContainer, { strict: false }).values()];
    const faults = Object.entries(STORES).flatMap(([name, store]) => {
      const places = modules.filter(({ providers }) => providers.has(store)).map((module) => module.name);
      return places.length > 1 ? [faultOf(store.name, name, places)] : [];
    });
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  onModuleInit(): void {
    const adapter = this.moduleRef.get(HttpAdapterHost, { strict: false }).httpAdapter;
    if (adapter && !ADAPTERS.has(adapter.getType()))
      throw new Error(
        `Coatcheck runs on Express and Fastify only, and this application on ${adapter.getType()}. Use @nestjs/platform-express or @nestjs/platform-fastify.`,
      );
  }
}

function faultOf(store: string, name: string, places: readonly string[]): string {
  return (
    `There are ${places.length} providers of ${store}, in ${places.join(' and ')}. Leave one. To use ` +
    `your own: StorageModule.forRoot({ without: ['${name}'] }), or storage: { without: ['${name}'] } of CoatcheckModule; ` +
    'where all stores are your own, leave out StorageModule (storage: false).'
  );
}
