import type { Contestant } from './contestant.js';
import { reachableEngines } from './place.js';

/** Contestants whose engines are reached from here, and what is said of the others. */
export async function reachable<T extends Contestant>(
  contestants: readonly T[],
): Promise<{ readonly present: readonly T[]; readonly skipped: readonly string[] }> {
  const engines = await reachableEngines();
  const missing = ({ needs }: Contestant) => needs.filter((engine) => !engines.has(engine));
  return {
    present: contestants.filter((one) => missing(one).length === 0),
    skipped: contestants
      .filter((one) => missing(one).length > 0)
      .map((one) => `- skipped: ${one.name}, no ${missing(one).join(', ')} is reached`),
  };
}
