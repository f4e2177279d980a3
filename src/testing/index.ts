export { describeAuditStore } from './describe-audit-store.js';
export { type AuthUnderTest, type AuthWorld, describeAuth } from './describe-auth.js';
export { describeSessionStore } from './describe-session-store.js';
export { describeThrottleStore } from './describe-throttle-store.js';
export { describeUserStore } from './describe-user-store.js';
export { FakeClock } from './fake-clock.js';
export { aSignInSource, aSession, aThrottle, aUser, anAuditEvent } from './samples.js';
export type { Spoilings, StoreUnderTest } from './store-under-test.js';
