import type { Failure } from '../store-calls.js';

/** Result codes of SQLite with all their extended forms, in the order in which they are looked through. */
const FAILURES: readonly (readonly [codes: RegExp, failure: Failure])[] = [
  [/^SQLITE_(BUSY|LOCKED|SCHEMA|PROTOCOL)/, 'busy'],
  [/^SQLITE_(TOOBIG|MISMATCH|RANGE)/, 'value_refused'],
  [/^SQLITE_(ERROR|AUTH|CONSTRAINT|MISUSE|NOTFOUND|NOLFS)/, 'misconfigured'],
];

/**
 * What an error of SQLite means (https://sqlite.org/rescode.html). All that is not listed, such as a full disk or a file
 * that may not be written, is a store that cannot answer now.
 */
export function classifySqliteFailure(error: unknown): Failure {
  // By the code alone: the class of the error is another one in each module realm.
  const code = String(Object(error).code);
  return FAILURES.find(([codes]) => codes.test(code))?.[1] ?? 'unavailable';
}

export function isSqliteBusy(error: unknown): boolean {
  return classifySqliteFailure(error) === 'busy';
}

/** Whether there was no space: a quota and a limit of the process are told as a write that failed. */
export function isSqliteFull(error: unknown): boolean {
  return ['SQLITE_FULL', 'SQLITE_IOERR_WRITE'].includes(String(Object(error).code));
}
