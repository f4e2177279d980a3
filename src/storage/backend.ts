import type { AuditStore } from '../audit/audit-store.js';
import type { FactorStore } from '../factors/factor-store.js';
import type { OutboxStore } from '../mail/outbox-store.js';
import type { SessionStore } from '../sessions/session-store.js';
import type { ThrottleStore } from '../throttle/throttle-store.js';
import type { CredentialStore } from '../users/credential-store.js';
import type { TokenStore } from '../users/token-store.js';
import type { UserStore } from '../users/user-store.js';

/** The stores of one backend. Redis has no users, no credentials, no one-time tokens, no mails, no second factors and no audit events. */
export interface Backend {
  readonly users: UserStore | null;
  readonly credentials: CredentialStore | null;
  readonly audit: AuditStore | null;
  readonly sessions: SessionStore;
  readonly tallies: ThrottleStore;
  readonly tokens: TokenStore | null;
  readonly outbox: OutboxStore | null;
  readonly factors: FactorStore | null;
  close(): Promise<void>;
}
