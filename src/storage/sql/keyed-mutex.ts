/** Runs one task per key at a time, in this process. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs the task after all earlier tasks of the key, and returns its result. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const result = before.then(task, task);
    const leave = () => {
      if (this.#last.get(key) === result) this.#last.delete(key);
    };
    this.#last.set(key, result);
    result.then(leave, leave);
    return result;
  }
}
