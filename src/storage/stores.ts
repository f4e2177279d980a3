import { AuditStore } from '../audit/audit-store.js';
import { FactorStore } from '../factors/factor-store.js';
import { OutboxStore } from '../mail/outbox-store.js';
import { SessionStore } from '../sessions/session-store.js';
import { ThrottleStore } from '../throttle/throttle-store.js';
import { CredentialStore } from '../users/credential-store.js';
import { TokenStore } from '../users/token-store.js';
import { UserStore } from '../users/user-store.js';

/** The stores that `StorageModule` provides, by their names in `without`. */
export const STORES = {
  users: UserStore,
  credentials: CredentialStore,
  sessions: SessionStore,
  audit: AuditStore,
  throttle: ThrottleStore,
  tokens: TokenStore,
  outbox: OutboxStore,
  factors: FactorStore,
} as const;

export type StoreName = keyof typeof STORES;
