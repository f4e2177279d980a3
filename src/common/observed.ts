import { DomainError, StoreUnavailableError } from './domain-error.js';

/** The kinds of work that metrics and traces describe. */
export const WORK_KINDS = ['store', 'hash', 'authenticate', 'sign_in'] as const;

export type WorkKind = (typeof WORK_KINDS)[number];

/** One kind of work. Make one object for all calls of it: observers know it by identity. Contains nothing of a request. */
export interface Work {
  readonly kind: WorkKind;
  /** The system that does the work, such as `postgresql` or `bcrypt`. */
  readonly system: string;
  readonly operation: string;
}

/** Runs work and notes what it wants to know. Returns what the work returns, and throws what it throws. */
export type Observer = <T>(work: Work, run: () => Promise<T>) => Promise<T>;

const observers = new Map<WorkKind, Observer[]>();

/** The observers of a kind as one; none while nobody observes, which then costs nothing. */
const current: Partial<Record<WorkKind, Observer>> = {};

/** Observes all work of a kind in this process, until the returned function is called. */
export function observe(kind: WorkKind, observer: Observer): () => void {
  setObservers(kind, [...(observers.get(kind) ?? []), observer]);
  return () =>
    setObservers(
      kind,
      (observers.get(kind) ?? []).filter((one) => one !== observer),
    );
}

/** Runs work under the observers of its kind. */
export function observed<T>(work: Work, run: () => Promise<T>): Promise<T> {
  const observer = current[work.kind];
  return observer === undefined ? run() : observer(work, run);
}

function setObservers(kind: WorkKind, all: Observer[]): void {
  observers.set(kind, all);
  const [first, ...others] = all;
  if (first)
    current[kind] = others.reduce(
      (inner, outer) => (work, run) => outer(work, () => inner(work, run)),
      first,
    );
  else delete current[kind];
}

/** The call had no answer in time. */
export class NotInTimeError extends Error {
  override readonly name = 'NotInTimeError';
}

/** The call was not made, because too many others wait. */
export class TooManyCallsError extends Error {
  override readonly name = 'TooManyCallsError';
}

/** Why work failed, in one of a few words. Contains nothing of the request. */
export function failureOf(error: unknown): string {
  if (error instanceof StoreUnavailableError) {
    if (error.cause instanceof NotInTimeError) return 'timeout';
    return error.cause instanceof TooManyCallsError ? 'too_many_calls' : 'unavailable';
  }
  if (error instanceof DomainError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
