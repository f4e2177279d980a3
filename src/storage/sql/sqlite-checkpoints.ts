import { Worker } from 'node:worker_threads';

/** Milliseconds between a write and its checkpoint. Later writes in this time share the checkpoint. */
const DELAY = 30;

/** Runs checkpoints of the write-ahead log in a worker thread, so that requests do not wait for the disk. */
export class SqliteCheckpoints {
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly file: string) {}

  /** Schedules a checkpoint. */
  noteWrite(): void {
    this.#timer ??= setTimeout(() => this.#checkpoint(), DELAY).unref();
  }

  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    const worker = this.#worker;
    if (!worker) return;
    // Keeps the process alive until the thread has ended.
    worker.ref();
    worker.postMessage('close');
    // Not `once`, which would reject if the thread ends with an error.
    await new Promise((resolve) => worker.on('exit', resolve));
  }

  #checkpoint(): void {
    this.#timer = null;
    this.#worker ??= this.#start();
    this.#worker.postMessage('checkpoint');
  }

  /** A thread that ended is replaced at the next checkpoint. Without a thread, writers checkpoint a long log. */
  #start(): Worker {
    const worker = new Worker(new URL('./sqlite-checkpoint.worker.js', import.meta.url), {
      workerData: this.file,
    });
    worker.on('error', () => {});
    worker.on('exit', () => (this.#worker = null));
    worker.unref();
    return worker;
  }
}
