import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The folder of that name that all suites of a run have in common. The first suite that needs it makes it. */
export async function oncePerRun(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = join(tmpdir(), name);
  const draft = `${folder}.draft`;
  while (!isMade(draft)) await delay(100);
  try {
    if (existsSync(folder)) return folder;
    await make(draft);
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

/** False where another suite makes this folder. */
function isMade(draft: string): boolean {
  try {
    mkdirSync(draft);
    return true;
  } catch (error) {
    if (Object(error).code !== 'EEXIST') throw error;
    return false;
  }
}
