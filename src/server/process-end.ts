import { closeSync, constants, openSync } from 'node:fs';
import type { LoggerService } from '@nestjs/common';

/** Ends this process once, in order and within `timeLimit` milliseconds: exit code 0, or 1 if something failed or hung. */
export class ProcessEnd {
  #close: (() => Promise<void>) | null = null;
  #isBegun = false;

  constructor(
    private readonly logger: LoggerService,
    private readonly timeLimit: number,
  ) {}

  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** What is to be finished first. Until this is called there is nothing, and `begin` ends the process at once. */
  finishFirst(close: () => Promise<void>): void {
    this.#close = close;
  }

  /** Has these signals begin the end. */
  on(...signals: NodeJS.Signals[]): this {
    for (const signal of signals) process.on(signal, () => void this.begin(signal));
    return this;
  }

  /** Only the first call counts. */
  async begin(cause: string): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    setTimeout(() => {
      this.logger.error(
        `Could not stop in order within ${this.timeLimit / 1000} s after ${cause}. The process exits now.`,
        'Main',
      );
      process.exit(1);
    }, this.timeLimit);
    try {
      await this.#close?.();
      process.exit(0);
    } catch (error) {
      this.logger.error(error instanceof Error ? error : String(error), 'Main');
      process.exit(1);
    }
  }
}

/** Whether this process has a controlling terminal, which a closed one is no longer. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}
