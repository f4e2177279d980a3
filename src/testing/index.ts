export { describeAuditStore } from './describe-audit-store.js';
export { type AuthUnderTest, type AuthWorld, describeAuth } from './describe-auth.js';
export { describeCredentialStore } from './describe-credential-store.js';
export { describeOutboxStore } from './describe-outbox-store.js';
export { describeFactorStore } from './describe-factor-store.js';
export { describeTokenStore } from './describe-token-store.js';
export { describeSessionStore } from './describe-session-store.js';
export { describeThrottleStore } from './describe-throttle-store.js';
export {
  type DirectorySuiteOptions,
  type DirectoryUnderTest,
  type DirectoryUser,
  describeUserDirectory,
} from './describe-user-directory.js';
export { describeUserStore } from './describe-user-store.js';
export { FakeClock } from './fake-clock.js';
export { type MailQuery, MemoryMailer, linkIn, tokenIn } from './memory-mailer.js';
export { type BrowserCookie, type LoginOptions, TestUser, cookiesFor, loginAs } from './login-as.js';
export { aMail, aSignInSource, aSession, aThrottle, aUser, anAuditEvent } from './samples.js';
export type { Spoilings, StoreUnderTest } from './store-under-test.js';
export type { TestFramework } from './test-framework.js';
