import { Injectable } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { AuditStore } from './audit/audit-store.js';
import { SessionStore } from './sessions/session-store.js';
import { ThrottleStore } from './throttle/throttle-store.js';
import { ResetTokenStore } from './users/reset-token-store.js';
import { UserStore } from './users/user-store.js';

/** The stores, and their names in `without` of `StorageModule`. */
const STORES = [
  [UserStore, 'users'],
  [SessionStore, 'sessions'],
  [AuditStore, 'audit'],
  [ThrottleStore, 'throttle'],
  [ResetTokenStore, 'reset_tokens'],
] as const;

/** Refuses to start an application that has a store from two places: which one is used would depend on the order of imports. */
@Injectable()
export class StartCheck {
  constructor(moduleRef: ModuleRef) {
    const modules = [...moduleRef.get(ModulesContainer, { strict: false }).values()];
    const faults = STORES.flatMap(([store, name]) => {
      const places = modules.filter(({ providers }) => providers.has(store)).map(({ name }) => name);
      return places.length > 1 ? [faultOf(store.name, name, places)] : [];
    });
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }
}

function faultOf(store: string, name: string, places: readonly string[]): string {
  return (
    `There are ${places.length} providers of ${store}, in ${places.join(' and ')}. Leave one. To use ` +
    `your own: StorageModule.forRoot({ without: ['${name}'] }), or storage: { without: ['${name}'] } of CoatcheckModule; ` +
    'where all stores are your own, leave out StorageModule (storage: false).'
  );
}
