import type { Registry } from 'prom-client';
import { type Work, type WorkKind, failureOf, observe } from '../../common/observed.js';
import { Durations } from './durations.js';
import { type Sample, register } from './registry.js';

interface Naming {
  readonly duration: string;
  readonly durationHelp: string;
  readonly failures: string;
  readonly failuresHelp: string;
  readonly buckets: readonly number[];
  /** The reasons of failures that have a series from the first call, so that their first increase can be seen. */
  readonly reasons: readonly string[];
  labelsOf(work: Work): Readonly<Record<string, string>>;
}

/** The kinds that are measured. Sign-ins are counted by their events. */
type MeasuredKind = Extract<WorkKind, 'store' | 'hash'>;

const NAMING: Readonly<Record<MeasuredKind, Naming>> = {
  store: {
    duration: 'coatcheck_store_call_duration_seconds',
    durationHelp:
      'Time of a call of a store with its repetitions. A look-up may serve several requests at once.',
    failures: 'coatcheck_store_call_failures_total',
    failuresHelp: 'Calls of a store that failed.',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    reasons: ['timeout', 'too_many_calls', 'unavailable', 'StoreMisconfiguredError'],
    labelsOf: ({ system, operation }) => ({ system, operation }),
  },
  hash: {
    duration: 'coatcheck_hash_duration_seconds',
    durationHelp: 'Time of a password hash with its wait in the queue.',
    failures: 'coatcheck_hash_refusals_total',
    failuresHelp:
      'Password hashes that were not computed, because the queue or the share of a client was full or the client gone.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    reasons: ['busy', 'too_many_requests', 'request_refused'],
    labelsOf: ({ system }) => ({ algorithm: system }),
  },
};

interface Tally {
  readonly durations: Durations;
  readonly failures: Map<string, number>;
}

/** Measures all work of a kind in this process. Returns how to end that. */
export function watchWork(kind: MeasuredKind, registry: Registry): () => void {
  const naming = NAMING[kind];
  const byWork = new Map<Work, Tally>();
  const byLabels = new Map<string, Tally & { readonly labels: Readonly<Record<string, string>> }>();

  const tallyOf = (work: Work): Tally => {
    const known = byWork.get(work);
    if (known) return known;
    // Two stores may be of the same system.
    const labels = naming.labelsOf(work);
    const key = JSON.stringify(labels);
    const tally = byLabels.get(key) ?? {
      labels,
      durations: new Durations(naming.buckets),
      failures: new Map(naming.reasons.map((reason) => [reason, 0])),
    };
    byLabels.set(key, tally);
    byWork.set(work, tally);
    return tally;
  };

  const samples = (of: (tally: Tally, labels: Readonly<Record<string, string>>) => Sample[]) =>
    [...byLabels.values()].flatMap((tally) => of(tally, tally.labels));

  register(registry, {
    name: naming.duration,
    help: naming.durationHelp,
    type: 'histogram',
    aggregator: 'sum',
    read: () => samples(({ durations }, labels) => durations.samples(naming.duration, labels)),
  });
  register(registry, {
    name: naming.failures,
    help: naming.failuresHelp,
    type: 'counter',
    aggregator: 'sum',
    read: () =>
      samples(({ failures }, labels) =>
        [...failures].map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
      ),
  });

  return observe(kind, async (work, run) => {
    const tally = tallyOf(work);
    const start = performance.now();
    try {
      return await run();
    } catch (error) {
      const reason = failureOf(error);
      tally.failures.set(reason, (tally.failures.get(reason) ?? 0) + 1);
      throw error;
    } finally {
      tally.durations.note(performance.now() - start);
    }
  });
}
