import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** Milliseconds that the exit of the process waits to write its last lines. */
export const LAST_LINES = 500;

/** Bytes that are queued while the descriptor cannot be written. */
const MOST_WAITING = 1 << 20;

/** Bytes that Linux writes to a pipe atomically (`PIPE_BUF`), so that lines of several processes do not mix. */
const ONE_PIECE = 4096;

/** Milliseconds to the next attempt: after a slow reader, and after an error such as a full disk. */
const RETRY_INTERVAL = { busy: 10, failed: 250 };

/** Callbacks of an output. Each is called at most once per interruption. */
export interface OutputEvents {
  /** The queue is full and texts are lost from now on. `code` is the error of the write, such as `ENOSPC`. */
  onLoss(code: string): void;
  /** The queue is written. `lost` is the number of texts that were lost. */
  onRestored(lost: number): void;
}

/**
 * Writes texts to a descriptor without blocking. While it cannot be written (a full disk, a slow reader, a closed pipe),
 * up to 1 MiB or one longer text is queued; further texts are lost and counted.
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

  /** Writes or queues whole lines with their line breaks. Tries to write before it returns. */
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
   * Tries to write the queue, blocking the process for at most `timeout` milliseconds. Returns the number of lines that
   * are lost if the process ends now.
   */
  flush(timeout: number): number {
    const end = performance.now() + timeout;
    while (!this.#writeWaiting() && this.#code === 'EAGAIN' && performance.now() < end)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_INTERVAL.busy);
    return this.#lost + linesOf(Buffer.concat(this.#waiting));
  }

  /** Writes the queue; false if the descriptor cannot be written. */
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
    // A timer may fire a little before `#nextAttempt`.
    this.#nextAttempt = 0;
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#events.onRestored(lost);
    return true;
  }

  /** Takes the first queued text, and the next ones that fit into one atomic write with it. */
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

/** Counts lines. A queued piece may be several lines, or the rest of one. */
function linesOf(text: Buffer): number {
  return text.toString('latin1').split('\n').length - 1;
}

/**
 * A non-blocking descriptor: its writes fail with `EAGAIN` instead of waiting. Pipes and terminals are opened a second
 * time, because other processes share the mode of the first descriptor.
 */
function openWithoutWaiting(descriptor: number): number {
  const stats = fstatSync(descriptor);
  if (stats.isFIFO() || stats.isCharacterDevice()) {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    try {
      return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    } catch (error) {
      // A named pipe has no reader yet; the next attempt may succeed.
      if (Object(error).code === 'ENXIO') throw error;
    }
  }
  // A socket cannot be opened twice. Node's handle makes it non-blocking until the process ends.
  if (stats.isFIFO() || stats.isSocket()) new Socket({ fd: descriptor, readable: false }).unref();
  return descriptor;
}
