import { accessSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';

/** Which CPUs servers and the load are held to; null where this machine cannot. */
export interface Pinning {
  readonly server: number;
  readonly load: number;
}

/** Servers on CPU 0 and the load on CPU 1, where Linux, `taskset` and two CPUs are there. */
export const PINNING: Pinning | null =
  platform() === 'linux' && hasCommand('taskset') && availableParallelism() > 1
    ? { server: 0, load: 1 }
    : null;

/** Whether a program is on the path. */
export function hasCommand(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isThere(join(folder, name)));
}

/** A command, held to a CPU unless that is null. */
export function heldTo(cpu: number | null, command: readonly string[]): [string, ...string[]] {
  const [program = '', ...args] = cpu === null ? command : ['taskset', '-c', `${cpu}`, ...command];
  return [program, ...args];
}

/** What figures depend on. */
export interface MachineFacts {
  readonly node: string;
  readonly system: string;
  readonly cpus: number;
  readonly cpuModel: string;
  readonly memoryMiB: number;
  readonly loadAverage: readonly number[];
}

/** What this machine is, and how busy it is now. */
export function machineFacts(): MachineFacts {
  return {
    node: process.versions.node,
    system: `${platform()} ${release()} ${arch()}`,
    cpus: availableParallelism(),
    cpuModel: cpus()[0]?.model ?? 'unknown',
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

function isThere(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
