import { readFile, writeFile } from 'node:fs/promises';
import { BASELINE } from '../paths.js';
import { UNKNOWN, ratio } from './numbers.js';
import { table } from './table.js';

/** The share of a recorded ratio that may be lost. */
const TOLERANCE = 0.15;

/** Ratios of the product that were noted once, and what they were measured with. */
export interface Baseline {
  readonly recorded: string;
  readonly node: string;
  readonly generator: string;
  /** ÷ stock Nest, by server. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** Notes ratios as those that later ones are compared with. */
export async function record(ratios: ReadonlyMap<string, number>, generator: string): Promise<void> {
  const rounded = [...ratios].map(([name, value]) => [name, Math.round(value * 1000) / 1000]);
  const baseline: Baseline = {
    recorded: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    generator,
    ratios: Object.fromEntries(rounded),
  };
  await writeFile(BASELINE, `${JSON.stringify(baseline, null, 2)}\n`);
}

/** The recorded ratios; throws where there are none. */
export async function readBaseline(): Promise<Baseline> {
  try {
    return JSON.parse(await readFile(BASELINE, 'utf8')) as Baseline;
  } catch (cause) {
    throw new Error('There is no baseline to compare with: record one with --record.', { cause });
  }
}

/** Ratios beside the recorded ones, and whether none has lost too much. */
export function compareWithBaseline(
  { recorded, generator: recordedBy, ratios: before }: Baseline,
  ratios: ReadonlyMap<string, number>,
  generator: string,
): { readonly report: string; readonly isKept: boolean } {
  let isKept = true;
  const rows = Object.entries(before).map(([name, was]) => {
    const is = ratios.get(name);
    if (is === undefined) return [name, ratio(was), UNKNOWN, UNKNOWN, 'not measured'];
    const isLost = is < was * (1 - TOLERANCE);
    if (isLost) isKept = false;
    return [name, ratio(was), ratio(is), ratio(is / was), isLost ? '**lost**' : 'kept'];
  });
  const head = ['server', `recorded ${recorded}`, 'now', 'now ÷ recorded', ''];
  const other =
    recordedBy === generator
      ? ''
      : `\n\nThe baseline was recorded with ${recordedBy}, and this run has ${generator}. Record one with ${generator} first.`;
  return { report: table(head, rows) + other, isKept };
}
