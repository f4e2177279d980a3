import { describe, expect, it } from '@jest/globals';
import { BatchLoader } from './batch-loader.js';

describe('A batch loader', () => {
  const batches: string[][] = [];
  const loader = new BatchLoader(async (keys: string[]) => {
    batches.push(keys);
    if (keys.includes('bad')) throw new Error('No answer.');
    return keys.map((key) => key.toUpperCase());
  });

  it('makes one call per tick, and each caller gets its own result', async () => {
    expect(await Promise.all(['a', 'b', 'a'].map((key) => loader.load(key)))).toEqual(['A', 'B', 'A']);
    expect(await loader.load('c')).toBe('C');
    expect(batches).toEqual([['a', 'b', 'a'], ['c']]);
  });

  it('rejects only the callers of the tick that failed', async () => {
    const failing = await Promise.allSettled([loader.load('good'), loader.load('bad')]);
    expect(failing.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await loader.load('good')).toBe('GOOD');
  });
});
