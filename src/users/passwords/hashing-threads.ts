import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import { FairQueue, type TaskOwner } from './fair-queue.js';

/** Tasks under way are one for each core. */
const THREADS = availableParallelism();

/** Behind each thread 50 tasks may wait, about 13 s of work at bcrypt's usual cost. */
const queue = new FairQueue({
  running: THREADS,
  waiting: 50 * THREADS,
  perNetwork: 25 * THREADS,
  perAccount: 25 * THREADS,
  holdBack: 1000,
});

/** Milliseconds after which a thread that has nothing to do ends. */
const IDLE_TIMEOUT = 30_000;

const HASHING = fileOf('./hashing.worker.js');
const COMMON_PASSWORDS = fileOf('./common-passwords.worker.js');

/** The work of one hash. */
export type HashingTask =
  | { readonly algorithm: 'bcrypt'; readonly password: string; readonly settings: string }
  | {
      readonly algorithm: 'argon2id';
      readonly password: string;
      readonly salt: Uint8Array;
      readonly secret: Uint8Array;
      /** In KiB. */
      readonly memoryCost: number;
      readonly timeCost: number;
      readonly parallelism: number;
      readonly outputLen: number;
    };

export interface Hashed {
  /** As it stands in stored hashes. */
  readonly digest: string;
  /** The milliseconds of the work itself, without waiting for it. */
  readonly took: number;
}

let threads: Promise<Piscina> | undefined;

/**
 * A hash from one of few threads of low priority, which this process has once: neither requests nor files and names,
 * which wait for Node's own threads, wait behind passwords. Refuses as `FairQueue` does.
 */
export function hashInThread(task: HashingTask, owner: TaskOwner): Promise<Hashed> {
  return run<Hashed>(HASHING, task, owner);
}

/** Whether a password is, in any case, on the list of common ones, which such a thread looks through. Refuses as above. */
export function isCommonPassword(password: string, owner: TaskOwner): Promise<boolean> {
  return run<boolean>(COMMON_PASSWORDS, password, owner);
}

function run<T>(filename: string, task: unknown, owner: TaskOwner): Promise<T> {
  return queue.run(owner, async () => {
    threads ??= start();
    const pool = await threads;
    return pool.run(task, { filename }) as Promise<T>;
  });
}

async function start(): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  return new Piscina({ minThreads: 0, maxThreads: THREADS, idleTimeout: IDLE_TIMEOUT });
}

/** Also in the bundle, where each of these is an entry. */
function fileOf(name: string): string {
  return new URL(name, import.meta.url).href;
}
