import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Registry } from 'prom-client';
import { exchangeOf } from '../../auth/exchange/exchange.js';
import { problemFor } from '../../common/problem.js';
import { refusalOf } from '../http/client-error.js';
import { requestedPath } from '../http/request-checks.js';
import type { ServedRoutes } from '../http/served-routes.js';
import { Durations } from './durations.js';
import { type Sample, register } from './registry.js';

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The methods that have series of their own; all others share one. */
const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What is not a method or a route of this server. Clients choose it, so it must not become a series. */
const OTHER = 'other';

const ARRIVED = Symbol('time of arrival');

interface TimedResponse extends ServerResponse {
  [ARRIVED]?: number;
}

interface RouteTally {
  readonly durations: Durations;
  /** Numbers of requests by status; `aborted` if the client did not wait for the whole response. */
  readonly statuses: Map<number | 'aborted', number>;
}

/** Counts the requests of a server by method, pattern of the route and status. No label has a value from the request. */
export class RequestMetrics {
  readonly #tallies = new Map<string, Map<string, RouteTally>>();
  #routes: (() => ServedRoutes) | null = null;

  constructor(registry: Registry) {
    register(registry, {
      name: 'coatcheck_http_requests_total',
      help: 'Answered requests. The status is "aborted" if the client closed the connection before the answer was sent.',
      type: 'counter',
      aggregator: 'sum',
      read: () =>
        this.#samples(({ statuses }, labels) =>
          [...statuses].map(([status, value]) => ({ labels: { ...labels, status: String(status) }, value })),
        ),
    });
    const name = 'coatcheck_http_request_duration_seconds';
    register(registry, {
      name,
      help: 'Time from the arrival of the head of a request to the end of its answer.',
      type: 'histogram',
      aggregator: 'sum',
      read: () => this.#samples(({ durations }, labels) => durations.samples(name, labels)),
    });
  }

  /** Counts all further requests. `routes` finds the route of a request that was refused before the router saw it. */
  watch(server: Server, routes: () => ServedRoutes): void {
    this.#routes = routes;
    const note = (response: ServerResponse) => this.#note(response);
    function noteEnd(this: ServerResponse): void {
      note(this);
    }
    const begin = (_request: IncomingMessage, response: TimedResponse) => {
      response[ARRIVED] = performance.now();
      response.on('close', noteEnd);
    };
    server.on('request', begin);
    server.on('checkExpectation', begin);
    // Before the listener that answers, and so changes the state of the connection.
    server.prependListener('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      const code = refusalOf(server, error, socket);
      if (code) count(this.#tallyOf(OTHER, OTHER), problemFor(code).status);
    });
  }

  #note(response: TimedResponse): void {
    const { req: request, statusCode } = response;
    const tally = this.#tallyOf(this.#routeOf(request), request.method!);
    tally.durations.note(performance.now() - response[ARRIVED]!);
    count(tally, response.writableFinished ? statusCode : 'aborted');
  }

  #routeOf(request: IncomingMessage): string {
    const exchange = exchangeOf(request);
    const { route } = exchange;
    return route === '*' ? (this.#routes!().at(requestedPath(exchange))[0]?.path ?? OTHER) : route;
  }

  #tallyOf(route: string, method: string): RouteTally {
    const known = KNOWN_METHODS.has(method) ? method : OTHER;
    let methods = this.#tallies.get(route);
    if (!methods) this.#tallies.set(route, (methods = new Map()));
    let tally = methods.get(known);
    if (!tally) methods.set(known, (tally = { durations: new Durations(BUCKETS), statuses: new Map() }));
    return tally;
  }

  #samples(of: (tally: RouteTally, labels: { method: string; route: string }) => Sample[]): Sample[] {
    return [...this.#tallies].flatMap(([route, methods]) =>
      [...methods].flatMap(([method, tally]) => of(tally, { method, route })),
    );
  }
}

function count({ statuses }: RouteTally, status: number | 'aborted'): void {
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
}
