import cluster, { type Worker } from 'node:cluster';
import { Metrics } from './metrics.js';
import { type MetricsAddress, MetricsServer } from './metrics-server.js';
import { WorkerMetrics, answerFirstProcess, sendLastMetrics } from './worker-metrics.js';

/** Metrics with the port that serves them. */
export interface ServedMetrics {
  readonly url: string;
  close(): Promise<void>;
}

/** The metrics of this process. It serves them itself, unless it is a worker, whose first process asks for them. */
export async function openMetrics(
  address: MetricsAddress,
): Promise<{ readonly metrics: Metrics; readonly url: string | null; close(): Promise<void> }> {
  const metrics = new Metrics();
  if (cluster.isWorker) {
    answerFirstProcess(metrics);
    return { metrics, url: null, close: () => sendLastMetrics(metrics) };
  }
  const server = await MetricsServer.listen(address, () => metrics.text());
  return { metrics, url: server.url, close: () => server.close() };
}

/** Serves the metrics of all workers as one. */
export async function openMetricsOf(
  workers: { readonly ready: readonly Worker[] },
  address: MetricsAddress,
): Promise<ServedMetrics> {
  const sum = new WorkerMetrics(() => workers.ready);
  const server = await MetricsServer.listen(address, () => sum.text());
  return { url: server.url, close: () => server.close() };
}
