import { closeSync, constants, openSync } from 'node:fs';
import type { LoggerService } from '@nestjs/common';

/** Stops this process within `timeLimit` milliseconds: exit code 0, or 1 if closing failed or took too long. */
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

  /** Sets what to close before the exit. Without it, `begin` exits at once. */
  finishFirst(close: () => Promise<void>): void {
    this.#close = close;
  }

  /** Calls `begin` on these signals. */
  on(...signals: NodeJS.Signals[]): this {
    for (const signal of signals) process.on(signal, () => void this.begin(signal));
    return this;
  }

  /** Closes and exits. Later calls do nothing. `cause` is for the log. */
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

/** Whether this process has a controlling terminal that is still open. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}
