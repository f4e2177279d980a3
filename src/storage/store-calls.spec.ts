import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { StoreUnavailableError } from '../common/domain-error.js';
import { type Failure, StoreCalls, StoreMisconfiguredError } from './store-calls.js';

const never = () => new Promise<never>(() => {});
const FAILURES = ['busy', 'useless_connection', 'unavailable', 'value_refused', 'misconfigured'] as const;
/** An error whose message is its kind of failure. */
const classify = (error: unknown): Failure => FAILURES.find((kind) => kind === error) ?? 'unavailable';
const callsOf = (timeout: number) => new StoreCalls({ system: 'sqlite', timeout, classify });

describe('A call of a store', () => {
  it('returns the result', async () => {
    expect(await callsOf(1000).run('read', () => Promise.resolve('answer'))).toBe('answer');
  });

  it('that fails rejects with StoreUnavailableError, with the reason as its cause', async () => {
    const broken = callsOf(1000).run('read', () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toMatchObject({
      name: StoreUnavailableError.name,
      cause: { message: 'broken' },
    });
  });

  it('without an answer rejects after the timeout', async () => {
    await expect(callsOf(20).run('read', never)).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it.each([
    ['value_refused', { name: 'DomainError', code: 'value_not_storable', cause: 'value_refused' }],
    ['misconfigured', { name: StoreMisconfiguredError.name, cause: 'misconfigured' }],
  ])('that is refused for good (%s) says so, at once', async (kind, said) => {
    let attempts = 0;
    const refused = callsOf(1000).run('read', async () => {
      attempts += 1;
      throw kind;
    });
    await expect(refused).rejects.toMatchObject(said);
    expect(attempts).toBe(1);
  });

  it.each(['busy', 'useless_connection'])('that had no effect is repeated (%s)', async (kind) => {
    let attempts = 0;
    const answer = callsOf(1000).run('read', async () => {
      attempts += 1;
      if (attempts < 3) throw kind;
      return attempts;
    });
    expect(await answer).toBe(3);
  });

  it.each(['busy', 'useless_connection'])('is not repeated after the timeout (%s)', async (kind) => {
    let attempts = 0;
    const asked = callsOf(50).run('read', async () => {
      attempts += 1;
      throw kind;
    });
    await expect(asked).rejects.toBeInstanceOf(StoreUnavailableError);
    const before = attempts;
    await delay(100);
    expect(attempts - before).toBeLessThanOrEqual(1);
  });

  it('is refused at once while a thousand are pending, and accepted again after they end', async () => {
    const calls = callsOf(60_000);
    let finish = () => {};
    const blocked = new Promise<void>((resolve) => (finish = resolve));
    const waiting = Array.from({ length: 1000 }, () => calls.run('read', () => blocked));
    let wasMade = false;
    const refused = calls.run('read', async () => void (wasMade = true));
    await expect(refused).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(wasMade).toBe(false);
    finish();
    await Promise.all(waiting);
    expect(await calls.run('read', () => Promise.resolve('answer'))).toBe('answer');
  });

  it('of many look-ups counts as many', async () => {
    const calls = callsOf(60_000);
    let finish = () => {};
    const waiting = calls.run('read', () => new Promise<void>((resolve) => (finish = resolve)), 1000);
    await expect(calls.run('read', () => Promise.resolve('answer'))).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
    finish();
    await waiting;
    expect(await calls.run('read', () => Promise.resolve('answer'))).toBe('answer');
  });

  it('that timed out still counts as pending until it ends', async () => {
    const calls = callsOf(10);
    const givenUp = Array.from({ length: 1000 }, () => calls.run('read', never).catch(() => 'given up'));
    await Promise.all(givenUp);
    await expect(calls.run('read', () => Promise.resolve('answer'))).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
  });
});
