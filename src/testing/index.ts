export { type AuthUnderTest, type AuthWorld, describeAuth } from './describe-auth.js';
export { describeSessionStore } from './describe-session-store.js';
export { describeUserStore } from './describe-user-store.js';
export { FakeClock } from './fake-clock.js';
export { aSession, aUser } from './samples.js';
export type { StoreUnderTest } from './store-under-test.js';
