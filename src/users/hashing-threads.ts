import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import { DomainError } from '../common/domain-error.js';

/** Hashes under way are one for each core; behind each, this many may wait, about 13 s of work at bcrypt's usual cost. */
const WAITING_PER_THREAD = 50;

/** Milliseconds after which a thread that has nothing to do ends. */
const IDLE_TIMEOUT = 30_000;

const HASHING = fileOf('./hashing.worker.js');
const COMMON_PASSWORDS = fileOf('./common-passwords.worker.js');

/** The work of one hash. */
export type HashingTask =
  | { readonly scheme: 'bcrypt'; readonly password: string; readonly settings: string }
  | {
      readonly scheme: 'argon2id';
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
 * which wait for Node's own threads, wait behind passwords. `busy` where too many are waiting already.
 */
export function hashInThread(task: HashingTask): Promise<Hashed> {
  return run<Hashed>(HASHING, task);
}

/** Whether a password is, in any case, on the list of common ones, which such a thread looks through; `busy` as above. */
export function isCommonPassword(password: string): Promise<boolean> {
  return run<boolean>(COMMON_PASSWORDS, password);
}

async function run<T>(filename: string, task: unknown): Promise<T> {
  threads ??= start();
  const pool = await threads;
  if (pool.queueSize >= pool.options.maxQueue) throw new DomainError('busy');
  return pool.run(task, { filename }) as Promise<T>;
}

async function start(): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  const count = availableParallelism();
  return new Piscina({
    minThreads: 0,
    maxThreads: count,
    maxQueue: count * WAITING_PER_THREAD,
    idleTimeout: IDLE_TIMEOUT,
  });
}

/** Also in the bundle, where each of these is an entry. */
function fileOf(name: string): string {
  return new URL(name, import.meta.url).href;
}
