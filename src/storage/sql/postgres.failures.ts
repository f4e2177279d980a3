import type { Failure } from '../store-calls.js';

/** A connection failed and the call on it had no effect. */
export class UselessConnectionError extends Error {
  override readonly name = 'UselessConnectionError';
}

/** SQLSTATEs and their classes: https://www.postgresql.org/docs/current/errcodes-appendix.html. */
const FAILURES: Readonly<Record<string, Failure>> = {
  // Another call has written the same unique key. The repeated call finds that row.
  '23505': 'busy',
  '40001': 'busy',
  '40P01': 'busy',
  '55P03': 'busy',
  // The value is too long for an index.
  '54000': 'value_refused',
  '22': 'value_refused',
  '0A': 'misconfigured',
  '23': 'misconfigured',
  '28': 'misconfigured',
  '3D': 'misconfigured',
  '3F': 'misconfigured',
  '42': 'misconfigured',
};

/** The server is read-only, or it does not know the prepared statements of this connection. */
const USELESS = new Set(['25006', '26000', '42P05']);

/** The server routine that reports a prepared statement whose tables have changed. Its SQLSTATE has other causes too. */
const STALE_PLAN = 'RevalidateCachedQuery';

/** SQLSTATEs of a lost connection: class 08, a connection closed by the server, or a network error (no SQLSTATE). */
const LOST = /^(|08...|57P0.|25P0[34])$/;

/** The SQLSTATE of an error of the server; empty for any other error. */
function sqlStateOf(error: unknown): string {
  const code = String(Object(error).code);
  return /^[\dA-Z]{5}$/.test(code) ? code : '';
}

/** Whether the server refused the statement because of the connection. Such a statement had no effect. */
export function isConnectionUseless(error: unknown): boolean {
  return USELESS.has(sqlStateOf(error)) || Object(error).routine === STALE_PLAN;
}

/** Whether the connection is lost. The statement may have taken effect. */
export function isConnectionLost(error: unknown): boolean {
  return LOST.test(sqlStateOf(error));
}

/** Classifies an error of PostgreSQL or of the network. */
export function classifyPostgresFailure(error: unknown): Failure {
  if (error instanceof UselessConnectionError) return 'useless_connection';
  const state = sqlStateOf(error);
  return FAILURES[state] ?? FAILURES[state.slice(0, 2)] ?? 'unavailable';
}
