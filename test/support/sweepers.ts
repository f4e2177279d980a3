import { expect } from '@jest/globals';
import type { SessionStore } from '../../src/sessions/session-store.js';
import { aSession } from '../../src/testing/samples.js';

const DAY_AFTER = Date.parse('2026-01-03T12:00:00.000Z');

/** Of two stores on the same empty tables one sweeps, and the other when it has rested for ten seconds, or its clock was wrong. */
export async function expectOneSweeper(first: SessionStore, second: SessionStore): Promise<void> {
  for (let count = 0; count < 3; count += 1) await first.insert(aSession({ userId: 'cat' }));
  const forgotten = async (store: SessionStore, seconds: number) =>
    (await store.sweep(new Date(DAY_AFTER + seconds * 1000), 1)).forgotten;
  expect(await forgotten(first, 0)).toBe(1);
  expect(await forgotten(second, 9)).toBe(0);
  expect(await forgotten(first, 9)).toBe(1);
  expect(await forgotten(second, 18)).toBe(0);
  expect(await forgotten(second, 19)).toBe(1);
  expect(await forgotten(first, 20)).toBe(0);
  await second.insert(aSession({ userId: 'cat' }));
  expect(await forgotten(second, 365 * 86_400)).toBe(1);
  await first.insert(aSession({ userId: 'cat' }));
  expect(await forgotten(first, 40)).toBe(1);
}
