import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** What a process and its children have used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMiB: number;
}

const LINUX = platform() === 'linux';
const TICKS = LINUX ? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : 1;

/** Null where there is no /proc, or no such process any more. */
export function usageOf(pid: number): Usage | null {
  if (!LINUX) return null;
  try {
    const usages = familyOf(pid).map(ownUsage);
    return {
      cpuSeconds: usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      residentMiB: usages.reduce((sum, { residentMiB }) => sum + residentMiB, 0),
    };
  } catch {
    return null;
  }
}

function ownUsage(pid: number): Usage {
  // The name, in parentheses, may contain anything; the numbers come after it.
  const fields = read(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
  const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(read(pid, 'status')) ?? [];
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    residentMiB: Number(kibibytes ?? 0) / 1024,
  };
}

function familyOf(pid: number): number[] {
  const children = read(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

function read(pid: number, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8');
}
