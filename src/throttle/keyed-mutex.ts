/** Has work on the same subject wait for each other, in this process. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<unknown>>();

  /** What the work gives, once all that was asked for before on the subject is over. */
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
