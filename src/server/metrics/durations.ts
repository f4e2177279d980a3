import type { Sample } from './registry.js';

/** A histogram of durations. Noting one takes some nanoseconds. */
export class Durations {
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  /** `bounds` are the upper bounds of the buckets in seconds, in rising order. */
  constructor(private readonly bounds: readonly number[]) {
    this.#counts = bounds.map(() => 0);
  }

  note(milliseconds: number): void {
    const seconds = milliseconds / 1000;
    this.#count += 1;
    this.#sum += seconds;
    let bucket = 0;
    while (seconds > this.bounds[bucket]!) bucket += 1;
    if (bucket < this.bounds.length) this.#counts[bucket]! += 1;
  }

  samples(name: string, labels: Readonly<Record<string, string>>): Sample[] {
    let total = 0;
    const buckets = this.bounds.map((bound, index) => {
      total += this.#counts[index]!;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: this.#count },
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: this.#count },
    ];
  }
}
