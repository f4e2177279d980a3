import { describe, expect, it } from '@jest/globals';
import { NEVER } from '../common/clock.js';
import { MemoryTextTable } from './memory.text-table.js';
import { swapping } from './text-table.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const later = new Date(noon.getTime() + 1);

describe('MemoryTextTable', () => {
  it('deletes expired texts only, at most two per write', async () => {
    const table = new MemoryTextTable();
    const set = (key: string, from: string | null, until: Date, now: Date) =>
      table.change(key, () => swapping(key, from, 'text', until), now);
    const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
    for (const key of keys) await set(key, null, later, noon);
    await set('lasting', null, NEVER, noon);
    const kept = async () => (await table.read(keys, noon)).filter((text) => text !== null).length;
    for (let change = 1; change <= 502; change += 1) {
      const before = await kept();
      await set('new', change === 1 ? null : 'text', NEVER, later);
      expect(before - (await kept())).toBeLessThanOrEqual(2);
    }
    expect(await kept()).toBe(0);
    expect(await table.read(['lasting', 'new'], later)).toEqual(['text', 'text']);
  });
});
