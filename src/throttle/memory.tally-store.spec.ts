import { describe, expect, it } from '@jest/globals';
import { NEVER } from '../common/clock.js';
import { MemoryTallyStore } from './memory.tally-store.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const later = new Date(noon.getTime() + 1);

describe('MemoryTallyStore', () => {
  it('lets go, with each thousandth change, of what is over by then, and of nothing else', async () => {
    const store = new MemoryTallyStore();
    const change = async (count: number) => {
      for (let index = 0; index < count; index += 1) await store.swap('last', null, 'text', later, later);
    };
    await store.swap('over', null, 'text', later, noon);
    await store.swap('lasting', null, 'text', NEVER, noon);
    await change(997);
    expect(await store.read(['over', 'lasting'], noon)).toEqual(['text', 'text']);
    await change(1);
    expect(await store.read(['over', 'lasting'], noon)).toEqual([null, 'text']);
  });
});
