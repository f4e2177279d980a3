import { describe, expect, it } from '@jest/globals';
import { NEVER } from '../common/clock.js';
import { MemoryThrottleStore } from './memory.throttle-store.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const later = new Date(noon.getTime() + 1);

describe('MemoryThrottleStore', () => {
  it('forgets what has ended, two with each change at most, and nothing else', async () => {
    const store = new MemoryThrottleStore();
    const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
    for (const key of keys) await store.swap(key, null, 'text', later, noon);
    await store.swap('lasting', null, 'text', NEVER, noon);
    const kept = async () => (await store.read(keys, noon)).filter((text) => text !== null).length;
    for (let change = 1; change <= 502; change += 1) {
      const before = await kept();
      await store.swap('new', change === 1 ? null : 'text', 'text', NEVER, later);
      expect(before - (await kept())).toBeLessThanOrEqual(2);
    }
    expect(await kept()).toBe(0);
    expect(await store.read(['lasting', 'new'], later)).toEqual(['text', 'text']);
  });
});
