/** Look-ups of one turn of the event loop, made as one; each caller gets its own answer, or the error of all. */
export class BatchLoader<Key, Answer> {
  #waiting: Waiting<Key, Answer>[] = [];

  /** `lookUp` answers many keys at once, in their order. */
  constructor(private readonly lookUp: (keys: Key[]) => Promise<Answer[]>) {}

  ask(key: Key): Promise<Answer> {
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
