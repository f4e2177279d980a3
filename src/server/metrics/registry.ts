import type { MetricObjectWithValues, MetricValueWithName, Registry, RegistryContentType } from 'prom-client';

/** A sample; `metricName` is that of a part of a histogram. */
export type Sample = Pick<MetricValueWithName<string>, 'labels' | 'value'> & { readonly metricName?: string };

/** How the samples of several processes become one. */
export type Aggregation = 'sum' | 'max' | 'average';

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator: Aggregation;
  /** The samples at the time of a scrape. */
  read(): readonly Sample[] | Promise<readonly Sample[]>;
}

/** The families of one process, as `getMetricsAsJSON` returns them. */
export type Snapshot = MetricObjectWithValues<MetricValueWithName<string>>[];

/**
 * Registers a family that is read at a scrape. What is counted for each request is kept in plain numbers until then, because the
 * counters and histograms of prom-client take a microsecond for each request.
 */
export function register(registry: Registry<RegistryContentType>, { read, ...family }: Family): void {
  const get = async () => ({ ...family, values: await read() });
  registry.registerMetric({ ...family, get } as unknown as Parameters<Registry['registerMetric']>[0]);
}
