import { SingleBar } from 'cli-progress';

/** How far it is, on standard error: a bar at a terminal, plain lines elsewhere. */
export class Progress {
  readonly #bar: SingleBar | null;
  readonly #begin = performance.now();
  #done = 0;

  constructor(private readonly steps: number) {
    this.#bar = process.stderr.isTTY
      ? new SingleBar({ format: '{bar} {percentage} % | {value}/{total} | {what}', stream: process.stderr })
      : null;
    this.#bar?.start(steps, 0, { what: '' });
  }

  /** What is being done, which takes no step of its own. */
  note(what: string): void {
    if (this.#bar) this.#bar.update({ what });
    else this.#line(what);
  }

  /** One step begins, as the ones before are done. */
  step(what: string): void {
    this.#done += 1;
    if (this.#bar) this.#bar.update(this.#done - 1, { what });
    else this.#line(`${this.#done}/${this.steps} ${what}`);
  }

  end(): void {
    this.#bar?.update(this.steps, { what: 'done' });
    this.#bar?.stop();
  }

  #line(text: string): void {
    const seconds = Math.round((performance.now() - this.#begin) / 1000);
    process.stderr.write(`[${seconds} s] ${text}\n`);
  }
}
