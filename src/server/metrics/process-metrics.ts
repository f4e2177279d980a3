import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Registry } from 'prom-client';
import { hashQueueSizes } from '../../users/passwords/hashing-threads.js';
import { register } from './registry.js';

/** Milliseconds between two looks at the clock. Node counts them as part of the delay. */
const RESOLUTION = 10;

/** Registers what concerns this process: the lag of its event loop and its queue of password hashes. Returns how to end that. */
export function watchProcess(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  let lag = { mean: 0, p99: 0, max: 0 };
  // One reading for the three families, which are read one after the other at each scrape.
  const read = (name: keyof typeof lag) => () => {
    if (delay.count > 0) {
      const [mean, p99, max] = [delay.mean, delay.percentile(99), delay.max].map((nanoseconds) =>
        Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1e3),
      );
      lag = { mean: mean!, p99: p99!, max: max! };
      delay.reset();
    }
    return [{ labels: {}, value: lag[name] }];
  };
  const since = 'since the previous scrape. Of several workers';
  for (const [name, words, aggregator] of [
    ['mean', `Mean delay of the event loop ${since}, their average.`, 'average'],
    ['p99', `99th percentile of the delay of the event loop ${since}, the largest.`, 'max'],
    ['max', `Longest delay of the event loop ${since}, the largest.`, 'max'],
  ] as const)
    register(registry, {
      name: `coatcheck_event_loop_lag_${name}_seconds`,
      help: words,
      type: 'gauge',
      aggregator,
      read: read(name),
    });

  for (const [state, help] of [
    ['waiting', 'Password hashes and checks of passwords that wait for a thread.'],
    ['running', 'Password hashes and checks of passwords that are computed.'],
  ] as const)
    register(registry, {
      name: `coatcheck_hash_queue_${state}`,
      help,
      type: 'gauge',
      aggregator: 'sum',
      read: () => [{ labels: {}, value: hashQueueSizes()[state] }],
    });
  return () => void delay.disable();
}
