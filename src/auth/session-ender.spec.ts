import { describe, expect, it } from '@jest/globals';
import { StoreUnavailableError } from '../common/domain-error.js';
import { PROGRAM } from '../audit/initiator.js';
import { SessionLifetime } from '../sessions/session-lifetime.js';
import { SessionsOptions } from '../sessions/sessions-options.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { MemorySessionStore } from '../storage/memory/memory.session-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { SessionEnder } from './session-ender.js';

/** Throws `failure` if it is set. */
class FailingStore extends MemorySessionStore {
  failure: Error | null = null;

  override async endAll(...args: Parameters<MemorySessionStore['endAll']>): Promise<string[]> {
    if (this.failure) throw this.failure;
    return super.endAll(...args);
  }
}

describe('SessionEnder', () => {
  const store = new FailingStore();
  const service = new SessionsService(store, new FakeClock(), new SessionsOptions());
  const ender = new SessionEnder(service);

  it('ends the sessions of a deactivated user with the reason, and tolerates an unavailable store', async () => {
    const user = { id: 'ann', credentialVersion: 1 };
    const client = { ip: null, userAgent: null };
    const { session } = await service.open(user, client, SessionLifetime.unlimited);
    store.failure = new StoreUnavailableError();
    await ender.onUserDeactivated('ann', 'user_disabled', PROGRAM);
    expect(await store.find(session.id, session.createdAt)).not.toBeNull();
    store.failure = null;
    await ender.onUserDeactivated('ann', 'user_disabled', PROGRAM);
    expect(await store.endingOf(session.id, session.createdAt)).toMatchObject({ reason: 'user_disabled' });
  });

  it('throws any other error of the store', async () => {
    store.failure = new Error('a mistake');
    await expect(ender.onUserDeactivated('ann', 'user_deleted', PROGRAM)).rejects.toThrow('a mistake');
  });
});
