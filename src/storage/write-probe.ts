import { randomUUID } from 'node:crypto';
import type { Backend } from './backend.js';

/** Writes a row that ends at once and is cleared like any other: nothing but a write shows that one is possible. */
export async function writeTo({ tallies }: Backend, now: Date): Promise<void> {
  await tallies.swap(`readiness:${randomUUID()}`, null, 'written', now, now);
}

/** What the engine said; a store's own error only says that it cannot answer. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? reasonOf(cause) : message;
}
