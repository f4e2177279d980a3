/** Connections that stay open, each with one request on its way. */
export const CONNECTIONS = 32;

/** What is asked for, with which headers in turn; the file has one a line, `Name: value`. */
export interface Target {
  readonly url: string;
  readonly credentials: string;
}

/** What a generator counted itself. */
export interface Count {
  /** Those that succeeded. */
  readonly requests: number;
  readonly seconds: number;
  /** Answers that were no success, and requests without answer. */
  readonly failures: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** A program that makes requests: its command line, and how its output reads. */
export interface Generator {
  readonly name: 'wrk' | 'autocannon';
  command(target: Target, seconds: number): readonly string[];
  read(output: string): Count;
}
