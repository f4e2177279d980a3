import { describe, expect, it } from '@jest/globals';
import { BatchLoader } from './batch-loader.js';

describe('Look-ups in one batch', () => {
  const asked: string[][] = [];
  const gathered = new BatchLoader(async (keys: string[]) => {
    asked.push(keys);
    if (keys.includes('bad')) throw new Error('No answer.');
    return keys.map((key) => key.toUpperCase());
  });

  it('are one in each turn, and each caller has an answer of its own', async () => {
    expect(await Promise.all(['a', 'b', 'a'].map((key) => gathered.ask(key)))).toEqual(['A', 'B', 'A']);
    expect(await gathered.ask('c')).toBe('C');
    expect(asked).toEqual([['a', 'b', 'a'], ['c']]);
  });

  it('fail for those who asked in that turn alone', async () => {
    const failing = await Promise.allSettled([gathered.ask('good'), gathered.ask('bad')]);
    expect(failing.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await gathered.ask('good')).toBe('GOOD');
  });
});
