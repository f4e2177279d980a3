import type { Backend } from '../backend.js';
import { MemoryThrottleStore } from '../../throttle/memory.throttle-store.js';
import { MemoryAuditStore } from './memory.audit-store.js';
import { MemorySessionStore } from './memory.session-store.js';
import { MemoryUserStore } from './memory.user-store.js';

export function openMemory(): Backend {
  return {
    users: new MemoryUserStore(),
    audit: new MemoryAuditStore(),
    sessions: new MemorySessionStore(),
    tallies: new MemoryThrottleStore(),
    close: () => Promise.resolve(),
  };
}
