/** A sample of a scrape. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** A scrape as Prometheus reads it. Throws at a line that it would refuse. */
export class Scrape {
  readonly samples: readonly ScrapedSample[];
  /** The types by the names of the families. */
  readonly types: ReadonlyMap<string, string>;

  constructor(readonly text: string) {
    const lines = text.split('\n').filter((line) => line !== '');
    this.samples = lines.filter((line) => !line.startsWith('#')).map(sampleIn);
    this.types = new Map(
      lines.flatMap((line) => {
        const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
        return name === undefined ? [] : [[name, type!] as const];
      }),
    );
    const keys = this.samples.map(({ name, labels }) => JSON.stringify([name, labels]));
    if (new Set(keys).size !== keys.length) throw new Error('A series occurs twice.');
  }

  /** The sum of all samples with these labels; null if there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number | null {
    const values = this.samples
      .filter(
        (one) => one.name === name && Object.entries(labels).every(([key, is]) => one.labels[key] === is),
      )
      .map(({ value }) => value);
    return values.length === 0 ? null : values.reduce((all, one) => all + one, 0);
  }

  /** The values of a label, without repetitions. */
  valuesOf(label: string): string[] {
    return [...new Set(this.samples.flatMap(({ labels }) => labels[label] ?? []))].toSorted();
  }
}

/** Asks a metrics port. Throws unless it answers with a scrape. */
export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`The metrics port answered ${response.status}.`);
  return new Scrape(await response.text());
}

function sampleIn(line: string): ScrapedSample {
  const [, name, all = '', value] = SAMPLE.exec(line) ?? [];
  const labels = [...all.matchAll(LABEL)];
  if (name === undefined || labels.map(([text]) => text).join('') !== all || Number.isNaN(Number(value)))
    throw new Error(`Not a sample: ${line}`);
  return { name, labels: Object.fromEntries(labels.map(([, key, is]) => [key!, is!])), value: Number(value) };
}

/** The address of metrics that a server has printed. */
export function metricsUrlOf(server: { output(): string }): string {
  const [, url] = /^Metrics are at (http:\/\/\S+)\.$/m.exec(server.output()) ?? [];
  if (url === undefined) throw new Error(`No address of metrics:\n${server.output()}`);
  return url;
}
