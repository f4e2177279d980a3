import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import { type Work, observed } from '../../common/observed.js';
import { requireArgon2 } from './argon2-package.js';
import { FairQueue, type TaskOwner } from './fair-queue.js';

/** One task runs for each core. */
const THREADS = availableParallelism();

/** For each thread 50 tasks may wait, about 13 s of work at bcrypt's default cost. */
const queue = new FairQueue({
  running: THREADS,
  waiting: 50 * THREADS,
  perNetwork: 25 * THREADS,
  perAccount: 25 * THREADS,
  holdBack: 1000,
});

/** Milliseconds after which an idle thread ends. */
const IDLE_TIMEOUT = 30_000;

const HASHING = fileOf('./hashing.worker.js');
const COMMON_PASSWORDS = fileOf('./common-passwords.worker.js');

export type Argon2Variant = 'argon2id' | 'argon2i' | 'argon2d';

export type Pbkdf2Digest = 'sha1' | 'sha256' | 'sha512';

/** The work of one hash. */
export type HashingTask =
  | { readonly algorithm: 'bcrypt'; readonly password: string; readonly settings: string }
  | {
      readonly algorithm: Argon2Variant;
      readonly password: string;
      readonly salt: Uint8Array;
      readonly secret: Uint8Array;
      readonly version: 16 | 19;
      /** In KiB. */
      readonly memoryCost: number;
      readonly timeCost: number;
      readonly parallelism: number;
      readonly outputLen: number;
    }
  | {
      readonly algorithm: 'pbkdf2';
      readonly password: string;
      readonly salt: Uint8Array;
      readonly digest: Pbkdf2Digest;
      readonly iterations: number;
      readonly outputLen: number;
    }
  | {
      readonly algorithm: 'scrypt';
      readonly password: string;
      readonly salt: Uint8Array;
      readonly cost: number;
      readonly blockSize: number;
      readonly parallelization: number;
      readonly outputLen: number;
    };

export interface Hashed {
  /** bcrypt's digest as in stored hashes; other digests in base64 without padding. */
  readonly digest: string;
  /** Milliseconds of the computation, without waiting in the queue. */
  readonly took: number;
}

/** The hashes as observers know them, with their wait in the queue. */
const HASH_WORK = {
  bcrypt: hashWork('bcrypt'),
  argon2id: hashWork('argon2id'),
  argon2i: hashWork('argon2i'),
  argon2d: hashWork('argon2d'),
  pbkdf2: hashWork('pbkdf2'),
  scrypt: hashWork('scrypt'),
} satisfies Readonly<Record<HashingTask['algorithm'], Work>>;

let threads: Promise<Piscina> | undefined;

/**
 * Computes a hash in a pool of threads with low priority. The process has one pool, separate from Node's own threads, so that
 * requests, file access and DNS look-ups do not wait for passwords. Throws as `FairQueue` and `requireArgon2` do.
 */
export async function hashInThread(task: HashingTask, owner: TaskOwner): Promise<Hashed> {
  if (task.algorithm.startsWith('argon2')) await requireArgon2();
  return observed(HASH_WORK[task.algorithm], () => run<Hashed>(HASHING, task, owner));
}

/** Whether a password is on the list of common passwords, in any case. Runs in the same pool and throws as `FairQueue` does. */
export function isCommonPassword(password: string, owner: TaskOwner): Promise<boolean> {
  return run<boolean>(COMMON_PASSWORDS, password, owner);
}

/** The numbers of tasks that run and that wait now. */
export function hashQueueSizes(): { readonly running: number; readonly waiting: number } {
  return queue.sizes;
}

function hashWork(system: string): Work {
  return { kind: 'hash', system, operation: 'hash' };
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

/** The URL of a worker file; the bundle has each of them as an entry. */
function fileOf(name: string): string {
  return new URL(name, import.meta.url).href;
}
