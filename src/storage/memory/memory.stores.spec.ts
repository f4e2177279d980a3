import { describeAuditStore } from '../../testing/describe-audit-store.js';
import { describeCredentialStore } from '../../testing/describe-credential-store.js';
import { describeFactorStore } from '../../testing/describe-factor-store.js';
import { describeOutboxStore } from '../../testing/describe-outbox-store.js';
import { describeTokenStore } from '../../testing/describe-token-store.js';
import { describeSessionStore } from '../../testing/describe-session-store.js';
import { describeThrottleStore } from '../../testing/describe-throttle-store.js';
import { describeUserStore } from '../../testing/describe-user-store.js';
import { MemoryThrottleStore } from '../../throttle/memory.throttle-store.js';
import { MemoryTokenStore } from '../../users/memory.token-store.js';
import { MemoryAuditStore } from './memory.audit-store.js';
import { MemoryCredentialStore } from './memory.credential-store.js';
import { MemoryFactorStore } from './memory.factor-store.js';
import { MemoryOutboxStore } from './memory.outbox-store.js';
import { MemorySessionStore } from './memory.session-store.js';
import { MemoryUserStore } from './memory.user-store.js';

const close = () => Promise.resolve();

let opened: MemoryOutboxStore;
const outbox = () => opened;

/** Opens a store with an outbox that joins it. */
async function withOutbox<T>(make: (outbox: MemoryOutboxStore) => T) {
  opened = new MemoryOutboxStore();
  return { store: make(opened), close };
}

describeSessionStore('MemorySessionStore', () => Promise.resolve({ store: new MemorySessionStore(), close }));
describeAuditStore('MemoryAuditStore', () => Promise.resolve({ store: new MemoryAuditStore(), close }), {
  isBounded: true,
});
describeUserStore('MemoryUserStore', () => withOutbox((joined) => new MemoryUserStore(joined)), { outbox });
describeCredentialStore(
  'MemoryCredentialStore',
  () => withOutbox((joined) => new MemoryCredentialStore(joined)),
  { outbox },
);
describeOutboxStore('MemoryOutboxStore', () => Promise.resolve({ store: new MemoryOutboxStore(), close }));
describeThrottleStore('MemoryThrottleStore', () =>
  Promise.resolve({ store: new MemoryThrottleStore(), close }),
);
describeFactorStore('MemoryFactorStore', () => withOutbox((joined) => new MemoryFactorStore(joined)), {
  outbox,
});
describeTokenStore('MemoryTokenStore', () => withOutbox((joined) => new MemoryTokenStore(joined)), {
  outbox,
});
