import { ClientClosedError, ClientOfflineError, SocketClosedUnexpectedlyError } from '@redis/client';
import type { Failure } from '../store-calls.js';
import { UselessConnectionError } from './connected-redis.js';
import { classifyErrorReply } from './error-replies.js';

/** Classifies an error of Redis. */
export function classifyRedisFailure(error: unknown): Failure {
  if (error instanceof ClientClosedError || error instanceof ClientOfflineError) return 'useless_connection';
  return classifyErrorReply(error as Error);
}

/** Whether a connection must be replaced after this error. */
export function breaksConnection(error: unknown): boolean {
  return (
    error instanceof UselessConnectionError ||
    error instanceof SocketClosedUnexpectedlyError ||
    classifyRedisFailure(error) === 'useless_connection' ||
    /Protocol error/.test((error as Error).message)
  );
}
