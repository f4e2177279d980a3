import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** Milliseconds that the end of a process waits for a reader of its last lines. */
export const LAST_LINES = 500;

/** Bytes that may wait while the descriptor cannot be written. */
const MOST_WAITING = 1 << 20;

/** Bytes that Linux writes to a pipe in one piece (`PIPE_BUF`): lines of several processes are not mixed. */
const ONE_PIECE = 4096;

/** Milliseconds between two attempts: after a reader that was too slow, and after an error such as a full disk. */
const RETRY_INTERVAL = { busy: 10, failed: 250 };

/** What an output says of itself; both are called at most once per interruption. */
export interface OutputEvents {
  /** Texts are being lost, for this reason, such as `ENOSPC`. */
  onLoss(code: string): void;
  /** Everything that waited is written; this many texts were lost in between. */
  onRestored(lost: number): void;
}

/**
 * Writes texts to a descriptor and never waits for it. While it cannot be written (a full disk, a reader that has stopped
 * reading, a closed pipe, a stopped terminal) up to 1 MiB, or one longer text, waits in order; further texts are lost and
 * counted.
 */
export class Output {
  readonly #number: number;
  readonly #events: OutputEvents;
  #descriptor: number | null = null;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #code = '';
  #nextAttempt = 0;
  #hasTimer = false;

  constructor(descriptor: number, events: Partial<OutputEvents> = {}) {
    this.#number = descriptor;
    this.#events = { onLoss: () => {}, onRestored: () => {}, ...events };
  }

  /** Whole lines, with their line breaks. What is written in time is out when this returns. */
  write(text: string): void {
    if (this.#waitingBytes > 0 && performance.now() >= this.#nextAttempt) this.#writeWaiting();
    const bytes = Buffer.from(text);
    const isFull = this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > MOST_WAITING;
    if (this.#lost > 0 || isFull) return this.#lose();
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (performance.now() >= this.#nextAttempt) this.#writeWaiting();
  }

  /**
   * Tries to write what waits, for at most so many milliseconds, in which the process does nothing else. The number of lines
   * that are lost if the process ends now.
   */
  flush(patience: number): number {
    const end = performance.now() + patience;
    while (!this.#writeWaiting() && this.#code === 'EAGAIN' && performance.now() < end)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_INTERVAL.busy);
    return this.#lost + linesOf(Buffer.concat(this.#waiting));
  }

  /** Whether nothing waits any longer. */
  #writeWaiting(): boolean {
    while (this.#waitingBytes > 0) {
      const piece = this.#takePiece();
      const written = this.#tryToWrite(piece);
      this.#waitingBytes -= written;
      if (written === piece.length) continue;
      this.#waiting.unshift(piece.subarray(written));
      if (written === 0) {
        this.#tryLater();
        return false;
      }
    }
    // A timer may fire a little before the time of the next attempt, which nothing waits for any longer.
    this.#nextAttempt = 0;
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#events.onRestored(lost);
    return true;
  }

  /** The first text that waits, with those that fit into one piece with it. */
  #takePiece(): Buffer {
    let count = 0;
    let bytes = 0;
    do bytes += this.#waiting[count++]!.length;
    while (count < this.#waiting.length && bytes + this.#waiting[count]!.length <= ONE_PIECE);
    const texts = this.#waiting.splice(0, count);
    return count === 1 ? texts[0]! : Buffer.concat(texts, bytes);
  }

  #tryToWrite(piece: Buffer): number {
    try {
      this.#descriptor ??= openWithoutWaiting(this.#number);
      return writeSync(this.#descriptor, piece);
    } catch (error) {
      this.#code = String(Object(error).code);
      return 0;
    }
  }

  #tryLater(): void {
    const interval = this.#code === 'EAGAIN' ? RETRY_INTERVAL.busy : RETRY_INTERVAL.failed;
    this.#nextAttempt = performance.now() + interval;
    if (this.#hasTimer) return;
    this.#hasTimer = true;
    setTimeout(() => {
      this.#hasTimer = false;
      this.#writeWaiting();
    }, interval).unref();
  }

  #lose(): void {
    this.#lost += 1;
    if (this.#lost === 1) this.#events.onLoss(this.#code);
  }
}

/** A piece that waits may be several lines, or what is left of one. */
function linesOf(text: Buffer): number {
  return text.toString('latin1').split('\n').length - 1;
}

/**
 * The descriptor for writes that fail with `EAGAIN` instead of waiting for a reader. Pipes and terminals are opened a second
 * time: the mode of the first opening is shared with other processes.
 */
function openWithoutWaiting(descriptor: number): number {
  const stats = fstatSync(descriptor);
  if (stats.isFIFO() || stats.isCharacterDevice()) {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    try {
      return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    } catch (error) {
      // A named pipe without a reader; the next attempt may find one.
      if (Object(error).code === 'ENXIO') throw error;
    }
  }
  // Sockets have one opening. Node's handle puts it in this mode, and back at the end of the process.
  if (stats.isFIFO() || stats.isSocket()) new Socket({ fd: descriptor, readable: false }).unref();
  return descriptor;
}
