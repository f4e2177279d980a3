/** Runs one task per key at a time, in this process. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs the task after all earlier tasks of the key, and returns its result. */
  take<T>(subject: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(subject) ?? Promise.resolve();
    const turn = before.then(work, work);
    const leave = () => {
      if (this.#last.get(subject) === turn) this.#last.delete(subject);
    };
    this.#last.set(subject, turn);
    turn.then(leave, leave);
    return turn;
  }
}
