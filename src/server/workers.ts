import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { LoggerService } from '@nestjs/common';

/** Milliseconds before a dead worker is replaced. Doubled each time, until a worker has lived `LONG_ENOUGH`. */
const BACK_OFF = { first: 100, longest: 30_000 };
const LONG_ENOUGH = 30_000;

/**
 * Milliseconds after which a worker that is not ready is killed and replaced. At a start or restart, a worker may have to
 * migrate the tables or wait for another one that does.
 */
export const READY_WITHIN = { start: 120_000, replacement: 30_000 };

/** Milliseconds from SIGTERM to SIGKILL. A worker normally ends before. */
const STOP_TIMEOUT = 9_700;

/** Worker processes that share one port. A worker that dies or is not ready in time is replaced. */
export class Workers<Ready> {
  readonly #stopped = new WeakSet<Worker>();
  readonly #ready = new Set<Worker>();
  #backOff = BACK_OFF.first;
  #isStopping = false;
  #isRestarting = false;

  constructor(
    private readonly count: number,
    /** Environment variables that differ from those of this process; undefined removes one. */
    private readonly variables: Readonly<Record<string, string | undefined>>,
    private readonly logger: LoggerService,
    private readonly readyWithin = READY_WITHIN,
  ) {}

  /** Starts all workers. Resolves with the message of the first one. Rejects if a worker could not start. */
  async start(): Promise<Ready> {
    const started = await Promise.allSettled(
      Array.from({ length: this.count }, () => this.#fork(this.readyWithin.start)),
    );
    const [first] = started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    if (first === undefined || started.some(({ status }) => status === 'rejected')) {
      await this.#terminateAll();
      throw new Error('The workers could not start. The log says why.');
    }
    return first;
  }

  /** The workers that have sent their ready message and have not ended. */
  get ready(): readonly Worker[] {
    return [...this.#ready];
  }

  /** Replaces the workers one by one. Each one stops after its replacement is ready. */
  async restart(): Promise<void> {
    if (this.#isRestarting || this.#isStopping) return;
    this.#isRestarting = true;
    try {
      for (const worker of this.#living()) {
        if (this.#isStopping) return;
        await this.#fork(this.readyWithin.start);
        await this.#terminate(worker);
      }
    } catch (error) {
      if (!this.#isStopping)
        this.logger.error(`The restart of the workers failed: ${String(error)}`, 'Workers');
    } finally {
      this.#isRestarting = false;
    }
  }

  /** Stops all workers and waits for them. Rejects if one of them did not end cleanly. */
  async stop(): Promise<void> {
    const ends = await this.#terminateAll();
    const failed = ends.filter((isInOrder) => !isInOrder).length;
    if (failed > 0) throw new Error(`${failed} of ${ends.length} workers did not stop in order.`);
  }

  async #terminateAll(): Promise<boolean[]> {
    this.#isStopping = true;
    return Promise.all(this.#living().map((worker) => this.#terminate(worker)));
  }

  /** Starts a worker and resolves with its ready message. Replaces it if it is not ready within `limit` milliseconds. */
  #fork(limit: number): Promise<Ready> {
    const worker = cluster.fork(this.variables);
    return new Promise((resolve, reject) => {
      const overdue = setTimeout(() => {
        worker.removeAllListeners('message');
        worker.process.kill('SIGKILL');
        if (this.#isStopping) return reject(new Error('A worker was not ready when the server stopped.'));
        this.logger.warn(
          `Worker ${worker.process.pid} was not ready within ${limit} ms. A new worker replaces it.`,
          'Workers',
        );
        resolve(this.#fork(limit));
      }, limit);
      worker.once('exit', () => {
        clearTimeout(overdue);
        reject(new Error('A worker ended before it was ready.'));
      });
      const read = ({ ready }: { readonly ready?: Ready }) => {
        if (ready === undefined) return;
        clearTimeout(overdue);
        worker.off('message', read);
        this.#watch(worker);
        resolve(ready);
      };
      worker.on('message', read);
    });
  }

  #watch(worker: Worker): void {
    this.#ready.add(worker);
    worker.once('exit', () => this.#ready.delete(worker));
    const since = performance.now();
    worker.once('exit', (code, signal) => {
      if (this.#isStopping || this.#stopped.has(worker)) return;
      if (performance.now() - since > LONG_ENOUGH) this.#backOff = BACK_OFF.first;
      const how = `Worker ${worker.process.pid} ended with ${signal ?? code}`;
      this.logger.warn(`${how}. A new worker starts in ${this.#backOff} ms.`, 'Workers');
      this.#forkLater();
    });
  }

  /** Tries to start a worker until one is ready, with growing delays. */
  #forkLater(): void {
    const delay = this.#backOff;
    this.#backOff = Math.min(2 * delay, BACK_OFF.longest);
    setTimeout(() => {
      if (!this.#isStopping) this.#fork(this.readyWithin.replacement).catch(() => this.#forkLater());
    }, delay);
  }

  /** Stops a worker. Resolves with whether it ended cleanly; a worker that still starts may die of SIGTERM. */
  async #terminate(worker: Worker): Promise<boolean> {
    if (worker.isDead()) return true;
    this.#stopped.add(worker);
    const ended = once(worker, 'exit');
    worker.process.kill('SIGTERM');
    const overdue = setTimeout(() => worker.process.kill('SIGKILL'), STOP_TIMEOUT);
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    clearTimeout(overdue);
    return code === 0 || signal === 'SIGTERM';
  }

  #living(): Worker[] {
    return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  }
}
