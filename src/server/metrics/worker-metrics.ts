import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry } from 'prom-client';
import type { Metrics } from './metrics.js';
import { type Sample, type Snapshot, register } from './registry.js';

/** Milliseconds that a worker has to answer. */
const ANSWER_TIMEOUT = 2_000;

/** A request for the metrics of a worker. */
interface Question {
  readonly metricsAsked: number;
  /** Whether the worker reads what is in the stores. It is the same for all workers. */
  readonly countsStores: boolean;
}

interface Answer {
  readonly metricsAsked: number;
  readonly snapshot: Snapshot;
}

/** The last metrics of a worker that ends. */
interface LastWords {
  readonly lastMetrics: Snapshot;
}

/** Sends the metrics of this worker to the first process before its end, so that the sum loses nothing. */
export async function sendLastMetrics(metrics: Metrics): Promise<void> {
  const words: LastWords = { lastMetrics: await metrics.snapshot(false) };
  if (process.connected) await new Promise<unknown>((sent) => process.send!(words, undefined, {}, sent));
}

/** Sends the metrics of this worker to the first process whenever it asks for them. */
export function answerFirstProcess(metrics: Metrics): void {
  const answer = async ({ metricsAsked, countsStores }: Question) => {
    const snapshot = await metrics.snapshot(countsStores);
    if (process.connected) process.send!({ metricsAsked, snapshot } satisfies Answer);
  };
  process.on('message', (message: Question) => {
    if (typeof message.metricsAsked === 'number') void answer(message);
  });
}

/**
 * The metrics of all workers as one. Counters never decrease while the first process lives: what a worker had counted at its last
 * answer stays in the sum after its end. A worker that does not answer in time counts with its last answer.
 */
export class WorkerMetrics {
  /** The last answers of living workers, by their ids. */
  readonly #last = new Map<number, Snapshot>();
  /** The counters of ended workers. */
  #ended: Promise<Snapshot> = Promise.resolve([]);
  /** The ids of the workers that did not answer the last scrape. */
  #silent: ReadonlySet<number> = new Set();
  #asked = 0;

  /** `ready` returns the workers that serve requests. */
  constructor(
    private readonly ready: () => readonly Worker[],
    private readonly timeout = ANSWER_TIMEOUT,
  ) {
    cluster.on('message', ({ id }, { lastMetrics }: Partial<LastWords>) => {
      if (lastMetrics) this.#last.set(id, lastMetrics);
    });
    cluster.on('exit', ({ id }) => this.#keepCountersOf(id));
  }

  /** The text of a scrape. Rejects if no worker answers in time. */
  async text(): Promise<string> {
    const workers = this.ready().toSorted(
      (a, b) => Number(this.#silent.has(a.id)) - Number(this.#silent.has(b.id)),
    );
    const answers = await Promise.all(
      workers.map(async (worker, index) => {
        const snapshot = await this.#ask(worker, index === 0);
        if (snapshot !== null && !worker.isDead()) this.#last.set(worker.id, snapshot);
        return snapshot;
      }),
    );
    const answering = answers.filter((answer) => answer !== null).length;
    if (answering === 0)
      throw new Error(`None of ${workers.length} workers answers within ${this.timeout} ms.`);
    const silent = workers.filter((_, index) => answers[index] === null);
    this.#silent = new Set(silent.map(({ id }) => id));
    const stale = silent.flatMap(({ id }) => onlyCounters(this.#last.get(id) ?? []));
    const all = AggregatorRegistry.aggregate([
      ...answers.filter((answer) => answer !== null),
      stale,
      await this.#ended,
    ]);
    register(all, {
      name: 'coatcheck_workers',
      help: 'Workers by whether they answered this scrape in time.',
      type: 'gauge',
      aggregator: 'sum',
      read: (): Sample[] => [
        { labels: { state: 'answering' }, value: answering },
        { labels: { state: 'silent' }, value: silent.length },
      ],
    });
    return all.metrics();
  }

  #ask(worker: Worker, countsStores: boolean): Promise<Snapshot | null> {
    const metricsAsked = (this.#asked += 1);
    return new Promise((resolve) => {
      const finish = (snapshot: Snapshot | null) => {
        clearTimeout(overdue);
        worker.off('message', read).off('exit', giveUp);
        resolve(snapshot);
      };
      const read = (message: Partial<Answer>) => {
        if (message.metricsAsked === metricsAsked) finish(message.snapshot!);
      };
      const giveUp = () => finish(null);
      const overdue = setTimeout(giveUp, this.timeout);
      worker.on('message', read).once('exit', giveUp);
      const question: Question = { metricsAsked, countsStores };
      if (worker.isConnected()) worker.send(question, undefined, (error) => error && giveUp());
      else giveUp();
    });
  }

  #keepCountersOf(id: number): void {
    const last = onlyCounters(this.#last.get(id) ?? []);
    this.#last.delete(id);
    this.#ended = this.#ended.then(
      (ended) =>
        AggregatorRegistry.aggregate([ended, last]).getMetricsAsJSON() as unknown as Promise<Snapshot>,
    );
  }
}

/** Without gauges, which describe the present. */
function onlyCounters(snapshot: Snapshot): Snapshot {
  return snapshot.filter(({ type }) => ['counter', 'histogram'].includes(String(type)));
}
