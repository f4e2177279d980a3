import type { Failure } from '../store-calls.js';

/** A connection failed before anything took effect on it. */
export class UselessConnectionError extends Error {
  override readonly name = 'UselessConnectionError';
}

/** SQLSTATEs and their classes (https://www.postgresql.org/docs/current/errcodes-appendix.html); a full code comes first. */
const FAILURES: Readonly<Record<string, Failure>> = {
  // A row that is to be unique was written meanwhile: repeated, the call finds it.
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

/** The SQLSTATE of an error that the server sent; of any other error an empty text. */
export function sqlStateOf(error: unknown): string {
  const code = String(Object(error).code);
  return /^[\dA-Z]{5}$/.test(code) ? code : '';
}

/** What an error of PostgreSQL, or of the way to it, means. */
export function classifyPostgresFailure(error: unknown): Failure {
  if (error instanceof UselessConnectionError) return 'useless_connection';
  const state = sqlStateOf(error);
  return FAILURES[state] ?? FAILURES[state.slice(0, 2)] ?? 'unavailable';
}
