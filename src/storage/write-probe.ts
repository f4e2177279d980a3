import { randomUUID } from 'node:crypto';
import type { Backend } from './backend.js';

/**
 * Writes a row that ends at once and is cleared like any other: nothing but a write shows that one is possible. Looks for
 * what is not there among users and sessions, too, so that their tables can be read.
 */
export async function writeTo({ users, sessions, tallies }: Backend, now: Date): Promise<void> {
  await Promise.all([
    tallies.swap(`readiness:${randomUUID()}`, null, 'written', now, now),
    users?.find('readiness'),
    sessions.find('readiness', now),
  ]);
}

/** What the engine said; a store's own error only says that it cannot answer. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? reasonOf(cause) : message;
}
