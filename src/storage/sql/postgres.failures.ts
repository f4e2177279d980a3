import type { Failure } from '../store-calls.js';

/** A connection failed before anything took effect on it. */
export class UselessConnectionError extends Error {
  override readonly name = 'UselessConnectionError';
}

/** SQLSTATEs and their classes (https://www.postgresql.org/docs/current/errcodes-appendix.html); a full code comes first. */
const FAILURES: Readonly<Record<string, Failure>> = {
  // A row that must be unique was written in the meantime: repeated, the call finds it.
  '23505': 'busy',
  '40001': 'busy',
  '40P01': 'busy',
  '55P03': 'busy',
  // An entry of an index that is too long.
  '54000': 'value_refused',
  '22': 'value_refused',
  '0A': 'misconfigured',
  '23': 'misconfigured',
  '28': 'misconfigured',
  '3D': 'misconfigured',
  '3F': 'misconfigured',
  '42': 'misconfigured',
};

/** A server that is read-only, or that does not know a statement which this connection prepared. */
const USELESS = new Set(['25006', '26000', '42P05']);

/** Where PostgreSQL finds that a prepared statement does not fit the tables any more; the code alone says too little. */
const STALE_PLAN = 'RevalidateCachedQuery';

/** What the server says as it ends a connection; class 08 and errors without a SQLSTATE are the way to it. */
const LOST = /^(|08...|57P0.|25P0[34])$/;

/** The SQLSTATE of an error that the server sent; of any other error an empty text. */
function sqlStateOf(error: unknown): string {
  const code = String(Object(error).code);
  return /^[\dA-Z]{5}$/.test(code) ? code : '';
}

/** Whether a connection answered that it is of no use, without having done anything. */
export function isConnectionUseless(error: unknown): boolean {
  return USELESS.has(sqlStateOf(error)) || Object(error).routine === STALE_PLAN;
}

/** Whether a connection is lost, perhaps with what was done on it. */
export function isConnectionLost(error: unknown): boolean {
  return LOST.test(sqlStateOf(error));
}

/** What an error of PostgreSQL, or of the way to it, means. */
export function classifyPostgresFailure(error: unknown): Failure {
  if (error instanceof UselessConnectionError) return 'useless_connection';
  const state = sqlStateOf(error);
  return FAILURES[state] ?? FAILURES[state.slice(0, 2)] ?? 'unavailable';
}
