/** Batches the calls of one tick. Each caller gets its own result, or the error of the batch. */
export class BatchLoader<Key, Answer> {
  #waiting: Waiting<Key, Answer>[] = [];

  /** `lookUp` returns the results of many keys, in the order of the keys. */
  constructor(private readonly lookUp: (keys: Key[]) => Promise<Answer[]>) {}

  load(key: Key): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => void this.#answer());
      this.#waiting.push({ key, resolve, reject });
    });
  }

  async #answer(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const answers = await this.lookUp(waiting.map(({ key }) => key));
      for (const [index, { resolve }] of waiting.entries()) resolve(answers[index]!);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}

interface Waiting<Key, Answer> {
  readonly key: Key;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}
