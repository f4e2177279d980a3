import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type MachineFacts, PINNING, machineFacts } from '../machine.js';
import { ROOT } from '../paths.js';
import { UNKNOWN } from './numbers.js';

/** Keeps all figures as JSON, and tells where; by default in `build/bench`, by date. */
export async function keepRaw(what: string, figures: object, file: string | undefined): Promise<string> {
  const date = new Date().toISOString();
  const path = file ?? join(ROOT, 'build', 'bench', `${what}-${date.replaceAll(/[:.]/g, '-')}.json`);
  await mkdir(dirname(path), { recursive: true });
  const { loadAverage } = machineFacts();
  const all = { what, date, ...figures, pinning: PINNING, loadAverageAfter: loadAverage };
  await writeFile(path, `${JSON.stringify(all, null, 2)}\n`);
  return file ?? relative(process.cwd(), path);
}

/** What the figures were measured on, for people. */
export function machineLines(before: MachineFacts, isPinned: boolean): string[] {
  const after = machineFacts().loadAverage[0] ?? UNKNOWN;
  return [
    `- Node ${before.node}, ${before.system}, ${before.cpus} × ${before.cpuModel}, load average ${before.loadAverage[0]} before and ${after} after`,
    `- ${isPinned ? pinningLine() : 'servers and load share all CPUs'}`,
  ];
}

function pinningLine(): string {
  return PINNING === null
    ? 'servers and load could not be held to a CPU each here'
    : `each server held to CPU ${PINNING.server}, the load to CPU ${PINNING.load}; PostgreSQL and Redis run where the system puts them`;
}
