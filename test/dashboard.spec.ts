import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { PASSWORD, Visitor } from './support/app.js';
import { type Scrape, metricsUrlOf, scrape } from './support/scrape.js';
import { Server, newFolder } from './support/server.js';

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const dashboard = JSON.parse(readFileSync('deploy/grafana/coatcheck.json', 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
};
const rules = parse(readFileSync('deploy/prometheus/coatcheck.rules.yml', 'utf8')) as {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
};

const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legend: legendFormat })),
);
const alerts = rules.groups.flatMap(({ rules: all }) =>
  all.map(({ alert, expr }) => ({ title: alert, expr, legend: '' })),
);

/** What Prometheus adds to each target by itself. */
const OF_TARGETS = new Set(['job', 'instance']);

interface Selector {
  readonly metric: string;
  readonly labels: readonly { readonly name: string; readonly op: string; readonly value: string }[];
}

interface Query {
  readonly selectors: readonly Selector[];
  /** The labels that the expression groups by. */
  readonly groupedBy: readonly string[];
}

/** Reads an expression with the grammar of Prometheus. Throws if it is not valid. */
function read(given: string): Query {
  const expr = given.replaceAll('$__rate_interval', '5m');
  const selectors: Selector[] = [];
  const groupedBy: string[] = [];
  const text = (node: { readonly from: number; readonly to: number }) => expr.slice(node.from, node.to);
  parser.parse(expr).iterate({
    enter: ({ name, type, node }) => {
      if (type.isError) throw new Error(`Not PromQL at ${node.from}: ${expr}`);
      if (name === 'VectorSelector') {
        const metric = node.getChild('Identifier');
        const matchers = node.getChild('LabelMatchers');
        const labels = (matchers?.getChildren('UnquotedLabelMatcher') ?? []).map((matcher) => ({
          name: text(matcher.getChild('LabelName')!),
          op: text(matcher.getChild('MatchOp')!),
          value: text(matcher.getChild('StringLiteral')!).slice(1, -1),
        }));
        selectors.push({ metric: text(metric!), labels });
      }
      if (name === 'GroupingLabels') groupedBy.push(...node.getChildren('LabelName').map(text));
    },
  });
  return { selectors, groupedBy };
}

describe('The dashboard and the alerts', () => {
  let server: Server;
  let all: Scrape;

  beforeAll(async () => {
    server = await Server.start(newFolder(), { METRICS_PORT: '0', WORKERS: '2', STORE_TIMEOUT: '5s' });
    const ann = new Visitor(`${server.url}/api/v1`, {});
    await ann.post('/users', { email: 'ann@example.com', password: PASSWORD });
    await ann.login('ann@example.com');
    await ann.login('ann@example.com', 'not the password of ann');
    await ann.get('/users/me');
    await scrape(metricsUrlOf(server));
    all = await scrape(metricsUrlOf(server));
  });

  afterAll(async () => {
    await server.stop('SIGKILL');
  });

  const labelsOf = (metric: string) =>
    new Set(all.samples.filter(({ name }) => name === metric).flatMap(({ labels }) => Object.keys(labels)));

  it('have expressions to look at', () => {
    expect(queries.length).toBeGreaterThan(20);
    expect(alerts.length).toBeGreaterThan(5);
  });

  it.each([...queries, ...alerts])(
    'use series that a scrape has, with their labels: $title',
    ({ expr, legend }) => {
      const { selectors, groupedBy } = read(expr);
      expect(selectors).not.toEqual([]);
      for (const { metric, labels } of selectors) {
        if (metric === 'up') continue;
        const known = labelsOf(metric);
        expect([metric, all.sum(metric)]).toEqual([metric, expect.any(Number)]);
        for (const { name, op, value } of labels) {
          if (OF_TARGETS.has(name)) continue;
          expect([metric, ...known]).toContain(name);
          if (op === '=') expect(all.valuesOf(name)).toContain(value);
        }
        for (const name of groupedBy) expect([metric, ...known]).toContain(name);
      }
      for (const [, name] of legend.matchAll(/\{\{(\w+)\}\}/g)) expect(groupedBy).toContain(name);
    },
  );

  it('take rates of counters and histograms, and no others', () => {
    for (const { expr } of [...queries, ...alerts]) {
      const rated = new Set([...expr.matchAll(/rate\((\w+)/g)].map(([, metric]) => metric!));
      for (const { metric } of read(expr).selectors) {
        const type = all.types.get(metric) ?? all.types.get(metric.replace(/_(bucket|count|sum)$/, ''));
        if (metric !== 'up') expect([metric, rated.has(metric)]).toEqual([metric, type !== 'gauge']);
      }
    }
  });

  it('choose the job by a metric that a scrape has', () => {
    const { definition = '' } = dashboard.templating.list.find(({ name }) => name === 'job') ?? {};
    const [, metric = ''] = /^label_values\((\w+), job\)$/.exec(definition) ?? [];
    expect(all.sum(metric)).not.toBeNull();
  });

  it('leave out no metric', () => {
    const used = new Set(
      [...queries, ...alerts].flatMap(({ expr }) =>
        read(expr).selectors.map(({ metric }) => metric.replace(/_(bucket|count|sum)$/, '')),
      ),
    );
    expect([...all.types.keys()].filter((name) => !used.has(name))).toEqual([]);
  });

  it('are refused by this test if an expression is not valid', () => {
    expect(() => read('sum(rate(coatcheck_http_requests_total[5m])')).toThrow('Not PromQL');
    expect(read('sum by (le) (rate(a_total{b=~"x"}[5m]))')).toEqual({
      selectors: [{ metric: 'a_total', labels: [{ name: 'b', op: '=~', value: 'x' }] }],
      groupedBy: ['le'],
    });
  });
});
