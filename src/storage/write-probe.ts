import { randomUUID } from 'node:crypto';
import type { Backend } from './backend.js';

/** The stores of one backend, or those of an application. */
export type ProbedStores = { readonly [Name in 'users' | 'sessions' | 'tallies']?: Backend[Name] | null };

/** Checks that the stores work: writes an empty counter that expires at once, and reads from users and sessions. */
export async function writeTo({ users, sessions, tallies }: ProbedStores, now: Date): Promise<void> {
  await Promise.all([
    tallies?.forget(`readiness:${randomUUID()}`, now),
    users?.find('readiness'),
    sessions?.find('readiness', now),
  ]);
}

/** The message of the innermost cause, which is the error of the database engine. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? reasonOf(cause) : message;
}
