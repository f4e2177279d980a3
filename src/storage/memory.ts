import type { Backend } from './backend.js';
import { openMemory } from './memory/memory.backend.js';
import { StorageSource } from './storage-source.js';

export { MemoryAuditStore } from './memory/memory.audit-store.js';
export { MemoryCredentialStore } from './memory/memory.credential-store.js';
export { MemoryFactorStore } from './memory/memory.factor-store.js';
export { MemoryOutboxStore } from './memory/memory.outbox-store.js';
export { MemorySessionStore } from './memory/memory.session-store.js';
export { MemoryUserStore } from './memory/memory.user-store.js';
export { MemoryThrottleStore } from '../throttle/memory.throttle-store.js';
export { MemoryTokenStore } from '../users/memory.token-store.js';
export type { Backend } from './backend.js';
export { StorageSource } from './storage-source.js';

class MemorySource extends StorageSource {
  readonly label = 'memory:';
  readonly storesUsers = true;

  open(): Promise<Backend> {
    return Promise.resolve(openMemory());
  }
}

/** Stores in the memory of this process. Nothing survives its end. */
export function memory(): StorageSource {
  return new MemorySource();
}
