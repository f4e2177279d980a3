import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { oncePerRun } from './once.js';

describe('A folder that the suites of a run have in common', () => {
  it('is made once, and whole for everyone who waits for it', async () => {
    const name = randomUUID();
    let makings = 0;
    const make = async (folder: string) => {
      makings += 1;
      await delay(50);
      writeFileSync(join(folder, 'file'), '');
    };
    const folders = await Promise.all([1, 2, 3].map(() => oncePerRun(name, make)));
    expect(new Set(folders).size).toBe(1);
    expect(existsSync(join(folders[0]!, 'file'))).toBe(true);
    expect(makings).toBe(1);
  });

  it('is made by the next suite where making it has failed', async () => {
    const name = randomUUID();
    const fail = async (folder: string) => {
      writeFileSync(join(folder, 'half'), '');
      throw new Error('no network');
    };
    await expect(oncePerRun(name, fail)).rejects.toThrow('no network');
    expect(existsSync(join(await oncePerRun(name, async () => {}), 'half'))).toBe(false);
  });
});
