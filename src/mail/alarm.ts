/** A pause that a call ends. A call before the pause ends it, too. */
export class Alarm {
  #end: (() => void) | null = null;
  #hasRung = false;

  ring(): void {
    if (this.#end) this.#end();
    else this.#hasRung = true;
  }

  async wait(ms: number): Promise<void> {
    if (!this.#hasRung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms).unref();
        this.#end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#end = null;
    }
    this.#hasRung = false;
  }
}
