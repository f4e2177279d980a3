/** Whether something that failed may be tried again. The pauses double, from `shortest` to `longest` milliseconds, with jitter. */
export class Outage {
  #failures = 0;
  #until = 0;

  constructor(
    private readonly shortest: number,
    private readonly longest: number,
  ) {}

  /** Whether the last try failed. */
  get isOn(): boolean {
    return this.#failures > 0;
  }

  /** Milliseconds until the next try. */
  get rest(): number {
    return Math.max(this.#until - performance.now(), 0);
  }

  /** Begins a pause. Failures during a pause count as one. True for the first failure. */
  begin(): boolean {
    if (this.rest > 0) return false;
    const pause = Math.min(this.shortest * 2 ** this.#failures, this.longest);
    this.#failures += 1;
    this.#until = performance.now() + withJitter(pause);
    return this.#failures === 1;
  }

  /** True if it had begun. */
  end(): boolean {
    const wasOn = this.isOn;
    this.#failures = 0;
    this.#until = 0;
    return wasOn;
  }
}

/** A number of milliseconds, plus or minus a fifth. */
export function withJitter(ms: number): number {
  return ms * (0.8 + 0.4 * Math.random());
}
