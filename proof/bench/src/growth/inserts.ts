import { setImmediate as nextTurn } from 'node:timers/promises';
import { inLanes } from '../measure/lanes.js';
import { quantile } from '../measure/statistics.js';
import { product } from './product.js';

/** How sessions are opened: one after another, by some at a time, and by many of one moment. */
const TRIALS = [
  { inFlight: 1, count: 1000 },
  { inFlight: 32, count: 2000 },
  { inFlight: 500, count: 5000 },
] as const;

/** Of the first ones, which are not timed. */
const WARM_UP = { inFlight: 32, count: 500 };

/** What opening sessions so came to. */
export interface InsertTimes {
  readonly inFlight: number;
  readonly count: number;
  /** Those that the store did not answer in time. */
  readonly failures: number;
  readonly perSecond: number;
  /** Microseconds of the server process, with its threads. */
  readonly cpuPerInsert: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Opens sessions in each of the ways, and takes the time. */
export async function timeInserts(open: (index: number) => Promise<unknown>): Promise<InsertTimes[]> {
  await timed(WARM_UP, open);
  const results: InsertTimes[] = [];
  for (const trial of TRIALS) results.push(await timed(trial, open));
  return results;
}

async function timed(
  { inFlight, count }: { readonly inFlight: number; readonly count: number },
  open: (index: number) => Promise<unknown>,
): Promise<InsertTimes> {
  const times: number[] = [];
  const begin = performance.now();
  const before = process.cpuUsage();
  await inLanes(count, inFlight, async (index) => {
    const start = performance.now();
    // A sign-in comes from the network: whatever keeps the event loop busy, it waits for.
    await nextTurn();
    try {
      await open(index);
      times.push(performance.now() - start);
    } catch (error) {
      if (!(error instanceof product.StoreUnavailableError)) throw error;
    }
  });
  const taken = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(before);
  return {
    inFlight,
    count,
    failures: count - times.length,
    perSecond: times.length / taken,
    cpuPerInsert: (user + system) / count,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
  };
}
