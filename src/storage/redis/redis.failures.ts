import type { Failure } from '../store-calls.js';

/** What an error of Redis means. */
export function classifyRedisFailure(_error: unknown): Failure {
  return 'unavailable';
}
