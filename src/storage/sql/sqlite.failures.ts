import type { Failure } from '../store-calls.js';

/** Result codes of SQLite, with their extended forms. */
const FAILURES: readonly (readonly [codes: RegExp, failure: Failure])[] = [
  [/^SQLITE_(BUSY|LOCKED|SCHEMA|PROTOCOL)/, 'busy'],
  [/^SQLITE_(TOOBIG|MISMATCH|RANGE)/, 'value_refused'],
  [/^SQLITE_(ERROR|AUTH|CONSTRAINT|MISUSE|NOTFOUND|NOLFS)/, 'misconfigured'],
];

/**
 * Classifies an error of SQLite (https://sqlite.org/rescode.html). Codes that are not listed, such as a full disk, are
 * `unavailable`.
 */
export function classifySqliteFailure(error: unknown): Failure {
  // Not by `instanceof`: each module realm has its own error class.
  const code = String(Object(error).code);
  return FAILURES.find(([codes]) => codes.test(code))?.[1] ?? 'unavailable';
}

export function isSqliteBusy(error: unknown): boolean {
  return classifySqliteFailure(error) === 'busy';
}

/** Whether there was no space. SQLite reports a quota and a limit of the process as a failed write. */
export function isSqliteFull(error: unknown): boolean {
  return ['SQLITE_FULL', 'SQLITE_IOERR_WRITE'].includes(String(Object(error).code));
}
