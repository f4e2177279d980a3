import { DomainError } from '../common/domain-error.js';
import { jsonIn } from '../common/json.js';
import type { Network } from '../common/network.js';
import { isCount, isInstant, isRecord } from './counter-text.js';
import type { ThrottleOptions } from './throttle-options.js';

/** Milliseconds in which failures are counted together. */
export const WINDOW = 10 * 60_000;

/** The smallest number of networks of the largest kind that can reach the limit of the server. */
const HOLDERS_PER_SERVER = 20;

/** Divides the limits of networks while the limit of the server is reached. */
const SLOWDOWN = 10;

/** The name under which the failures of all networks are counted. */
export const ALL = 'all';

/** Failures of ten minutes. */
export interface FailureWindow {
  /** When it began, in epoch milliseconds. */
  readonly since: number;
  /** Numbers of failures, by name of a network. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Adds one failure under each name, in a new window if the old one has ended. */
export function withFailure(
  window: FailureWindow | null,
  names: readonly string[],
  now: Date,
): FailureWindow {
  const { since, counts } = current(window, now) ?? { since: now.getTime(), counts: {} };
  const added = names.map((name) => [name, (counts[name] ?? 0) + 1] as const);
  return { since, counts: { ...counts, ...Object.fromEntries(added) } };
}

/** When a window ends. */
export function endOf({ since }: FailureWindow): Date {
  return new Date(since + WINDOW);
}

/**
 * How many failures of one network of the largest kind count for the server, too: a part of its limit. None once the limit is
 * reached, so that clients who fail do not all wait for the one counter of the server.
 */
export function mostForServer(
  ofServer: FailureWindow | null,
  { failuresPerServer }: ThrottleOptions,
  now: Date,
): number {
  if (hasReachedLimit(current(ofServer, now), failuresPerServer)) return 0;
  return Math.max(Math.floor(failuresPerServer / HOLDERS_PER_SERVER), 1);
}

/**
 * Throws `too_many_attempts` if one of these networks has reached its limit. While all networks together have reached the
 * limit of the server, the limit of each is a tenth, and at least one failure.
 */
export function checkNetworks(
  networks: readonly Network[],
  [ofNetworks, ofServer]: readonly [FailureWindow | null, FailureWindow | null],
  { failuresPerNetwork, failuresPerServer }: ThrottleOptions,
  now: Date,
): void {
  const window = current(ofNetworks, now);
  if (!window) return;
  const hasReached = (divisor: number) =>
    networks.some(({ name, factor }) => {
      const limit = Math.max(Math.floor((failuresPerNetwork * factor) / divisor), 1);
      return (window.counts[name] ?? 0) >= limit;
    });
  const server = current(ofServer, now);
  const slowedSince =
    server && hasReachedLimit(server, failuresPerServer) && hasReached(SLOWDOWN)
      ? Math.min(window.since, server.since)
      : null;
  const since = hasReached(1) ? window.since : slowedSince;
  if (since === null) return;
  const retryAfter = Math.ceil((since + WINDOW - now.getTime()) / 1000);
  throw new DomainError('too_many_attempts', { retryAfter });
}

function hasReachedLimit(ofServer: FailureWindow | null, limit: number): boolean {
  return (ofServer?.counts[ALL] ?? 0) >= limit;
}

/** Parses a text; null if it cannot be read. */
export function windowIn(text: string): FailureWindow | null {
  const value = jsonIn(text);
  if (!isRecord(value) || !isInstant(value.since) || !isRecord(value.counts)) return null;
  return Object.values(value.counts).every(isCount) ? (value as unknown as FailureWindow) : null;
}

/** Null for a window that has ended, and for one that begins in the future (wrong clock). */
function current(window: FailureWindow | null, now: Date): FailureWindow | null {
  const age = window === null ? -1 : now.getTime() - window.since;
  return age >= 0 && age < WINDOW ? window : null;
}
