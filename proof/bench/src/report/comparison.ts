import type { GroupResult, Result } from '../measure/group.js';
import { spreadOf } from '../measure/statistics.js';
import { UNKNOWN, milliseconds, spread, whole } from './numbers.js';
import { table } from './table.js';

/** How far a control may be off before its group is not believed. */
const TOLERANCE = 0.03;

/** From here on a generator is taken to be what limits the rate. */
const BUSY = 0.9;

/** A line for each server, the anchor first. */
export function comparisonTable(groups: readonly GroupResult[], anchorName: string): string {
  const head = ['server', `÷ ${anchorName}`, 'requests/s', 'p50', 'p99', 'CPU per request', 'memory after'];
  const anchors = groups.map(({ anchor }) => anchor);
  const [first] = anchors;
  if (!first) return 'Nothing was measured.';
  const rows = groups.flatMap(({ others }) => others).map((one) => row(one, spread(one.ratio)));
  return table(head, [row(first, '1.00'), ...rows]);
}

/** What tells whether the figures can be believed. */
export function trustLines(groups: readonly GroupResult[], generator: string): string[] {
  const controls = groups.map(({ control, others }, index) => {
    const isOff = Math.abs(control.ratio.median - 1) > TOLERANCE;
    const names = others.map(({ name }) => name).join(', ');
    const verdict = isOff ? '**off by more than 3 %, do not believe this group**' : 'within 3 %';
    return `- group ${index + 1} (${names}): a second copy of the anchor ${spread(control.ratio)}, ${verdict}`;
  });
  return [...controls, `- ${generatorLine(groups, generator)}`, ...failureLines(groups)];
}

function failureLines(groups: readonly GroupResult[]): string[] {
  return groups
    .flatMap(({ anchor, control, others }) => [anchor, control, ...others])
    .map(({ name, slices }) => ({ name, failures: slices.reduce((sum, { failures }) => sum + failures, 0) }))
    .filter(({ failures }) => failures > 0)
    .map(({ name, failures }) => `- **${name}: ${failures} requests failed** and are not counted`);
}

function row(one: Result, over: string): string[] {
  return [
    one.name,
    over,
    whole(one.perSecond),
    milliseconds(one.p50),
    milliseconds(one.p99),
    one.cpuPerRequest === null ? UNKNOWN : `${whole(one.cpuPerRequest)} µs`,
    one.residentMiB === null ? UNKNOWN : `${whole(one.residentMiB)} MiB`,
  ];
}

function generatorLine(groups: readonly GroupResult[], generator: string): string {
  const results = groups.flatMap(({ anchor, others }) => [anchor, ...others]);
  const [fastest] = results.toSorted((a, b) => b.perSecond - a.perSecond);
  if (!fastest || fastest.generatorCpu === null) return `${generator}: how busy it was is not known here`;
  const share = `${Math.round(fastest.generatorCpu * 100)} % of a CPU`;
  return fastest.generatorCpu > BUSY
    ? `${generator} took ${share} at ${fastest.name}: **it limits that figure**, which is at least what the table says`
    : `${generator} took ${share} at ${fastest.name}, the fastest: it is not what limits the rate`;
}

/** All ratios by name, and the anchor's own as 1. */
export function ratiosOf(groups: readonly GroupResult[]): ReadonlyMap<string, number> {
  const anchors = groups.map(({ anchor }): [string, number] => [anchor.name, 1]);
  const others = groups.flatMap(({ others }) => others);
  return new Map([...anchors, ...others.map((one): [string, number] => [one.name, one.ratio.median])]);
}

/** How many bytes the measured answers have, from the shortest to the longest. */
export function bodyLine(groups: readonly GroupResult[]): string {
  const { least, greatest } = spreadOf(
    groups.flatMap(({ anchor, others }) => [anchor, ...others]).map(({ bodyBytes }) => bodyBytes),
  );
  return `- answers have ${least === greatest ? least : `${least} to ${greatest}`} bytes of JSON`;
}
