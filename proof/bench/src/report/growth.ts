import type { Grown, Growth } from '../growth.js';
import type { Result } from '../measure/group.js';
import { UNKNOWN, milliseconds, ratio, spread, whole } from './numbers.js';
import { table } from './table.js';

/** How many times the CPU of a request among few sessions it may take among the most. */
const COST_GOAL = 1.2;

/** Bytes of the heap that a session in memory may take where there are the most. */
const HEAP_GOAL = 450;

/** Requests to each size of each store, the smallest first and then its second copy. */
export function requestsTable(growths: readonly Growth[]): string {
  const head = ['server', '÷ fewest', 'requests/s', 'CPU per request', 'CPU ÷ fewest', 'p50', 'p99'];
  const rows = growths.flatMap(({ group: { anchor, control, others } }) =>
    [anchor, control, ...others].map((one) => [
      one.name,
      one === anchor ? '1.00' : spread(one.ratio),
      whole(one.perSecond),
      one.cpuPerRequest === null ? UNKNOWN : `${whole(one.cpuPerRequest)} µs`,
      one === anchor ? '1.00' : cost(one, one === others.at(-1)),
      milliseconds(one.p50),
      milliseconds(one.p99),
    ]),
  );
  return table(head, rows);
}

/** How fast sessions are opened at each size of each store, after the requests. */
export function insertsTable(growths: readonly Growth[]): string {
  const all = growths.flatMap(({ grown }) => grown);
  const columns = (all[0]?.inserts ?? []).map(({ inFlight }) => `inserts/s, ${inFlight} in flight`);
  const rows = all.map(({ name, inserts }) =>
    [name].concat(
      inserts.flatMap(({ perSecond, cpuPerInsert, p99 }) => [
        whole(perSecond),
        `${whole(cpuPerInsert)} µs`,
        milliseconds(p99),
      ]),
    ),
  );
  return table(['server', ...columns.flatMap((column) => [column, 'CPU each', 'p99'])], rows);
}

/** What a session takes at each size of each store. */
export function takenTable(growths: readonly Growth[]): string {
  const head = ['server', 'bytes per session', 'of them indexes', 'file and log per session', 'resident'];
  const rows = growths.flatMap(({ grown }) =>
    grown.map((one) => {
      const { name, bytes, sessions, residentMiB } = one;
      const each = (all: number | null | undefined) => whole(all == null ? null : all / sessions);
      return [
        name,
        bytes === null ? heap(one, one === grown.at(-1)) : each(bytes.sessions),
        each(bytes?.indexes),
        each(bytes?.files),
        residentMiB === null ? UNKNOWN : `${whole(residentMiB)} MiB`,
      ];
    }),
  );
  return table(head, rows);
}

/** Which inserts a store did not answer in time. */
export function failedInserts(growths: readonly Growth[]): string[] {
  return growths
    .flatMap(({ grown }) => grown)
    .flatMap(({ name, inserts }) => inserts.map((trial) => ({ name, ...trial })))
    .filter(({ failures }) => failures > 0)
    .map(
      ({ name, inFlight, count, failures }) =>
        `- **${name}: ${failures} of ${count} inserts with ${inFlight} in flight were not answered in time** and are not counted`,
    );
}

function cost({ cpuRatio }: Result, isLargest: boolean): string {
  if (cpuRatio === null) return UNKNOWN;
  const goal = isLargest ? ` ${verdict(cpuRatio.median, COST_GOAL, ratio)}` : '';
  return spread(cpuRatio) + goal;
}

function heap({ filled, sessions }: Grown, isLargest: boolean): string {
  const each = filled.heapBytes / sessions;
  const goal = isLargest ? ` ${verdict(each, HEAP_GOAL, whole)}` : '';
  return whole(each) + goal;
}

/** On which side of its goal a value is. */
function verdict(value: number, goal: number, show: (value: number) => string): string {
  return value <= goal ? `≤ ${show(goal)}` : `**> ${show(goal)}**`;
}
