import type { AuditStore } from '../audit/audit-store.js';
import type { SessionStore } from '../sessions/session-store.js';
import type { ThrottleStore } from '../throttle/throttle-store.js';
import type { UserStore } from '../users/user-store.js';

/** The stores of one backend; a backend that keeps sessions alone has no others. */
export interface Backend {
  readonly users: UserStore | null;
  readonly audit: AuditStore | null;
  readonly sessions: SessionStore;
  readonly tallies: ThrottleStore;
  close(): Promise<void>;
}
