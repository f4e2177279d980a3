import { setTimeout as delay } from 'node:timers/promises';
import { usageOf } from '../servers/usage.js';

/** Milliseconds of one look, the share of a CPU that counts as rest, and the milliseconds that are waited at most. */
const LOOK = 150;
const REST = 0.1;
const PATIENCE = 60_000;

/** Waits until a server has finished what it was asked, so that it takes nothing from the next one. */
export async function rest(pid: number): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (performance.now() < deadline) {
    const before = usageOf(pid);
    await delay(LOOK);
    const after = usageOf(pid);
    if (!before || !after || (after.cpuSeconds - before.cpuSeconds) * 1000 < LOOK * REST) return;
  }
}
