import type { Backend } from '../backend.js';
import { MemoryThrottleStore } from '../../throttle/memory.throttle-store.js';
import { MemoryTokenStore } from '../../users/memory.token-store.js';
import { MemoryAuditStore } from './memory.audit-store.js';
import { MemoryCredentialStore } from './memory.credential-store.js';
import { MemoryFactorStore } from './memory.factor-store.js';
import { MemoryOutboxStore } from './memory.outbox-store.js';
import { MemorySessionStore } from './memory.session-store.js';
import { MemoryUserStore } from './memory.user-store.js';

export function openMemory(): Backend {
  const outbox = new MemoryOutboxStore();
  return {
    users: new MemoryUserStore(outbox),
    credentials: new MemoryCredentialStore(outbox),
    audit: new MemoryAuditStore(),
    sessions: new MemorySessionStore(),
    tallies: new MemoryThrottleStore(),
    tokens: new MemoryTokenStore(outbox),
    outbox,
    factors: new MemoryFactorStore(outbox),
    close: () => Promise.resolve(),
  };
}
