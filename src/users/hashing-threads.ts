import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import { DomainError } from '../common/domain-error.js';

/** Hashes under way are one for each core; behind each, this many may wait, about 13 s of work at the usual cost. */
const WAITING_PER_THREAD = 50;

/** Milliseconds after which a thread that has nothing to do ends. */
const IDLE_TIMEOUT = 30_000;

interface Task {
  readonly text: string;
  readonly salt: string;
}

let threads: Promise<Piscina<Task, string>> | undefined;

/**
 * A bcrypt hash from one of few threads of low priority, which this process has once: neither requests nor files and names,
 * which wait for Node's own threads, wait behind passwords. `busy` where too many are waiting already.
 */
export async function hashInThread(text: string, salt: string): Promise<string> {
  threads ??= start();
  const pool = await threads;
  if (pool.queueSize >= pool.options.maxQueue) throw new DomainError('busy');
  return pool.run({ text, salt });
}

async function start(): Promise<Piscina<Task, string>> {
  const { Piscina } = await import('piscina');
  const count = availableParallelism();
  return new Piscina<Task, string>({
    filename: new URL('./bcrypt.worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: count,
    maxQueue: count * WAITING_PER_THREAD,
    idleTimeout: IDLE_TIMEOUT,
  });
}
