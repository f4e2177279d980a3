import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { PINNING, heldTo } from '../machine.js';
import { usageOf } from '../servers/usage.js';
import type { Count, Generator, Target } from './generator.js';

/** Milliseconds between two looks at what the generator uses. */
const LOOK = 250;

/** Failures for each success that are told, and do not end the comparison: a busy machine can cost a deadline. */
const TOLERANCE = 0.01;

/** What was counted, and how much of its CPU the generator took; null where that is not known. */
export interface Load extends Count {
  readonly generatorCpu: number | null;
}

/** Makes requests for so long, from a process of its own; throws where more than a few failed. */
export async function load(
  generator: Generator,
  target: Target,
  seconds: number,
  isPinned: boolean,
): Promise<Load> {
  const cpu = isPinned ? (PINNING?.load ?? null) : null;
  const [program, ...args] = heldTo(cpu, generator.command(target, seconds));
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const stopWatching = watchCpu(child.pid);
  const [output, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  const generatorCpu = stopWatching();
  if (code !== 0) throw new Error(`${generator.name} ended with ${code}:\n${output}\n${complaint}`);
  const count = generator.read(output);
  if (count.failures > count.requests * TOLERANCE || count.requests === 0) {
    throw new Error(`${target.url}: ${count.requests} requests succeeded, ${count.failures} failed.`);
  }
  return { ...count, generatorCpu };
}

/** Looks at what a process uses until told to stop, which tells the share of one CPU between first and last look. */
function watchCpu(pid: number | undefined): () => number | null {
  const looks: { readonly at: number; readonly cpuSeconds: number }[] = [];
  const look = () => {
    const usage = pid === undefined ? null : usageOf(pid);
    if (usage) looks.push({ at: performance.now() / 1000, cpuSeconds: usage.cpuSeconds });
  };
  const timer = setInterval(look, LOOK);
  return () => {
    clearInterval(timer);
    const [first] = looks;
    const last = looks.at(-1);
    if (!first || !last || last.at === first.at) return null;
    return (last.cpuSeconds - first.cpuSeconds) / (last.at - first.at);
  };
}
