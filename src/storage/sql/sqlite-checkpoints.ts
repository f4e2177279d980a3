import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Milliseconds after a write in which others join it. */
const DELAY = 30;

/** Checkpoints of a file's write-ahead log in a thread of its own: they wait for the disk, which requests need not. */
export class SqliteCheckpoints {
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly file: string) {}

  /** Has what was written copied soon. */
  noteWrite(): void {
    this.#timer ??= setTimeout(() => this.#checkpoint(), DELAY).unref();
  }

  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    if (!this.#worker) return;
    // The process has to live until the thread is over, which it otherwise need not.
    this.#worker.ref();
    this.#worker.postMessage('close');
    await once(this.#worker, 'exit');
  }

  #checkpoint(): void {
    this.#timer = null;
    this.#worker ??= this.#start();
    this.#worker.postMessage('checkpoint');
  }

  /** A thread that dies is replaced after the next write; meanwhile, and where none can start, writers checkpoint. */
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
