import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { LoggerService } from '@nestjs/common';

/** Milliseconds before a worker that died is replaced: doubled each time, until one has lived for long enough. */
const BACK_OFF = { first: 100, longest: 30_000 };
const LONG_ENOUGH = 30_000;

/**
 * Milliseconds after which a worker that is not ready is killed and replaced. One that is started together with the server, or
 * by a restart, may have to bring the tables up to date first, or to wait for another that does.
 */
export const READY_WITHIN = { start: 120_000, replacement: 30_000 };

/** Milliseconds after which a worker that was told to stop is killed; it ends by itself before. */
const STOP_TIMEOUT = 9_700;

/**
 * Processes that serve on one port. One that dies, or is not ready in time, is replaced. `Ready` is what each sends when it is
 * ready.
 */
export class Workers<Ready> {
  readonly #dismissed = new WeakSet<Worker>();
  #backOff = BACK_OFF.first;
  #isStopping = false;
  #isRestarting = false;

  constructor(
    private readonly count: number,
    /** What they have besides the variables of this process; undefined for what they do not have. */
    private readonly variables: Readonly<Record<string, string | undefined>>,
    private readonly logger: LoggerService,
    private readonly readyWithin = READY_WITHIN,
  ) {}

  /** Starts them all; what the first one said when it was ready, or an error if one of them could not start. */
  async start(): Promise<Ready> {
    const started = await Promise.allSettled(
      Array.from({ length: this.count }, () => this.#fork(this.readyWithin.start)),
    );
    const [first] = started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    if (first === undefined || started.some(({ status }) => status === 'rejected')) {
      await this.#dismissAll();
      throw new Error('The workers could not start. The log says why.');
    }
    return first;
  }

  /** Replaces them one after another, each by one that is ready; the port is served all the time. */
  async restart(): Promise<void> {
    if (this.#isRestarting || this.#isStopping) return;
    this.#isRestarting = true;
    try {
      for (const worker of this.#living()) {
        if (this.#isStopping) return;
        await this.#fork(this.readyWithin.start);
        await this.#dismiss(worker);
      }
    } catch (error) {
      if (!this.#isStopping)
        this.logger.error(`The restart of the workers failed: ${String(error)}`, 'Workers');
    } finally {
      this.#isRestarting = false;
    }
  }

  /** Lets them finish what they have begun, and waits for the last one; an error if one of them did not end in order. */
  async stop(): Promise<void> {
    const ends = await this.#dismissAll();
    const failed = ends.filter((isInOrder) => !isInOrder).length;
    if (failed > 0) throw new Error(`${failed} of ${ends.length} workers did not stop in order.`);
  }

  async #dismissAll(): Promise<boolean[]> {
    this.#isStopping = true;
    return Promise.all(this.#living().map((worker) => this.#dismiss(worker)));
  }

  /** A new worker, once it is ready: what it said then. One that is not within so many milliseconds is replaced. */
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
      worker.once('message', (ready: Ready) => {
        clearTimeout(overdue);
        this.#watch(worker);
        resolve(ready);
      });
    });
  }

  #watch(worker: Worker): void {
    const since = performance.now();
    worker.once('exit', (code, signal) => {
      if (this.#isStopping || this.#dismissed.has(worker)) return;
      if (performance.now() - since > LONG_ENOUGH) this.#backOff = BACK_OFF.first;
      const how = `Worker ${worker.process.pid} ended with ${signal ?? code}`;
      this.logger.warn(`${how}. A new worker starts in ${this.#backOff} ms.`, 'Workers');
      this.#forkLater();
    });
  }

  /** Again and again, ever more slowly, until one is ready. */
  #forkLater(): void {
    const delay = this.#backOff;
    this.#backOff = Math.min(2 * delay, BACK_OFF.longest);
    setTimeout(() => {
      if (!this.#isStopping) this.#fork(this.readyWithin.replacement).catch(() => this.#forkLater());
    }, delay);
  }

  /** Tells a worker to stop and waits for its end. Whether that was in order; one that is just starting may die of it. */
  async #dismiss(worker: Worker): Promise<boolean> {
    if (worker.isDead()) return true;
    this.#dismissed.add(worker);
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
