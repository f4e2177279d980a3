import { type DynamicModule, type INestApplication, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Registry } from 'prom-client';
import { Clock } from '../../common/clock.js';
import { RouteTable } from '../../http/route-table.js';
import { OutboxStore } from '../../mail/outbox-store.js';
import { SessionStore } from '../../sessions/session-store.js';
import { ServedRoutes } from '../http/served-routes.js';
import { isServerAdapter } from '../http/server-adapter.js';
import { EventMetrics } from './event-metrics.js';
import { watchProcess } from './process-metrics.js';
import type { Snapshot } from './registry.js';
import { RequestMetrics } from './request-metrics.js';
import { watchStores } from './store-metrics.js';
import { watchWork } from './work-metrics.js';

@Module({})
class MetricsModule {}

/** The metrics of this process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new RequestMetrics(this.#registry);
  readonly #events = new EventMetrics(this.#registry);
  readonly #stops: (() => void)[];
  #countsStores = true;

  constructor() {
    this.#stops = [
      watchProcess(this.#registry),
      watchWork('store', this.#registry),
      watchWork('hash', this.#registry),
    ];
  }

  /** A module of which the application counts its security events. */
  around(application: DynamicModule): DynamicModule {
    return {
      module: MetricsModule,
      imports: [application],
      providers: [{ provide: EventMetrics, useValue: this.#events }],
    };
  }

  /** Counts the requests of an application that `configureApp` has configured, and reads its stores. */
  watch(app: INestApplication, prefix: string): void {
    const adapter = app.getHttpAdapter();
    if (!isServerAdapter(adapter))
      throw new Error('Metrics need an application that was made with newAdapter().');
    let routes: ServedRoutes | null = null;
    this.#requests.watch(
      app.getHttpServer(),
      () =>
        (routes ??= new ServedRoutes(new RouteTable(app.get(ModulesContainer), prefix), () =>
          adapter.servedPatterns(),
        )),
    );
    const find = <T>(token: abstract new (...args: never[]) => T) => app.get<T>(token, { strict: false });
    const stores = { sessions: find(SessionStore), outbox: find(OutboxStore), clock: find(Clock) };
    watchStores(this.#registry, stores, () => this.#countsStores);
  }

  /** The text of a scrape of this process alone. */
  text(): Promise<string> {
    this.#countsStores = true;
    return this.#registry.metrics();
  }

  /** All metrics as data. What is in a store is left out unless `countsStores`. */
  snapshot(countsStores: boolean): Promise<Snapshot> {
    this.#countsStores = countsStores;
    return this.#registry.getMetricsAsJSON();
  }

  /** Observes no further work. */
  stop(): void {
    for (const stop of this.#stops) stop();
  }
}
