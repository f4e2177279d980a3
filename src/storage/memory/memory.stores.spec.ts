import { describeAuditStore } from '../../testing/describe-audit-store.js';
import { describeCredentialStore } from '../../testing/describe-credential-store.js';
import { describeOutboxStore } from '../../testing/describe-outbox-store.js';
import { describeTokenStore } from '../../testing/describe-token-store.js';
import { describeSessionStore } from '../../testing/describe-session-store.js';
import { describeThrottleStore } from '../../testing/describe-throttle-store.js';
import { describeUserStore } from '../../testing/describe-user-store.js';
import { MemoryThrottleStore } from '../../throttle/memory.throttle-store.js';
import { MemoryTokenStore } from '../../users/memory.token-store.js';
import { MemoryAuditStore } from './memory.audit-store.js';
import { MemoryCredentialStore } from './memory.credential-store.js';
import { MemoryOutboxStore } from './memory.outbox-store.js';
import { MemorySessionStore } from './memory.session-store.js';
import { MemoryUserStore } from './memory.user-store.js';

const close = () => Promise.resolve();

describeSessionStore('MemorySessionStore', () => Promise.resolve({ store: new MemorySessionStore(), close }));
describeAuditStore('MemoryAuditStore', () => Promise.resolve({ store: new MemoryAuditStore(), close }), {
  isBounded: true,
});
describeUserStore('MemoryUserStore', () => Promise.resolve({ store: new MemoryUserStore(), close }));
describeCredentialStore('MemoryCredentialStore', () =>
  Promise.resolve({ store: new MemoryCredentialStore(), close }),
);
describeOutboxStore('MemoryOutboxStore', () => Promise.resolve({ store: new MemoryOutboxStore(), close }));
describeThrottleStore('MemoryThrottleStore', () =>
  Promise.resolve({ store: new MemoryThrottleStore(), close }),
);
describeTokenStore('MemoryTokenStore', () => Promise.resolve({ store: new MemoryTokenStore(), close }));
