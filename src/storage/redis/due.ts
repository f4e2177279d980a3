/** Detects a connection on which answers are pending and none arrives. */
export class Due {
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Calls `onStall` when answers are pending and none has arrived for `ms` milliseconds. */
  constructor(
    private readonly ms: number,
    private readonly onStall: () => void,
  ) {}

  async expect<T>(answer: Promise<T>): Promise<T> {
    this.#count += 1;
    this.#timer ??= setTimeout(this.onStall, this.ms);
    try {
      const value = await answer;
      this.#timer?.refresh();
      return value;
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.stop();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
