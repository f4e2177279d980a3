import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../../test/support/server.js';
import type { Measurement, Scale } from './scenario.js';
import { Client, type Outcome, inParallel } from './support.js';

/** How much longer than its target a time may be in a test run, which shares its cores and its disk with others. */
const ROOM = 20;

/** How many requests may be under way for `pace` to begin another. */
const MOST_AT_ONCE = 250;

/** A client that keeps count of what it is told. */
export class WatchedClient extends Client {
  readonly #counts = new Map<string, number>();
  #slowest = 0;

  constructor({ url }: Pick<Server, 'url'>) {
    super({ url } as Server);
  }

  /** Milliseconds of the slowest request, also of one that broke. */
  get slowest(): number {
    return this.#slowest;
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  override async send(...request: Parameters<Client['send']>): Promise<Outcome> {
    const sent = performance.now();
    const outcome = await super.send(...request);
    this.#slowest = Math.max(this.#slowest, performance.now() - sent);
    const kind = String(outcome?.status ?? 'broken');
    this.#counts.set(kind, this.count(kind) + 1);
    return outcome;
  }

  /** How often it was told a status, or `broken` for a connection that broke. */
  count(kind: number | string): number {
    return this.#counts.get(String(kind)) ?? 0;
  }

  /** How often it was told anything but these. */
  countBeside(...expected: readonly number[]): number {
    return expected.reduce((rest, status) => rest - this.count(status), this.total);
  }

  /** Each kind of outcome and its number; `–` while there is none. */
  get outcomes(): string {
    const counts = [...this.#counts].toSorted(([a], [b]) => a.localeCompare(b));
    return counts.map(([kind, count]) => `${count} × ${kind}`).join(', ') || '–';
  }
}

/** Signs in, which has to work, and tells the cookie. */
export async function tokenOwner(client: Client, email: string): Promise<string> {
  const outcome = await client.login(email);
  if (outcome?.status !== 200 || outcome.cookie === null)
    throw new Error(`Nobody can sign in: ${outcome?.status ?? 'the connection broke'}.`);
  return outcome.cookie;
}

/** So many tokens of these people, a few at a time. */
export async function tokensOf(client: Client, emails: readonly string[], count: number): Promise<string[]> {
  const tokens: string[] = [];
  await repeat(count, 4, async (index) => {
    tokens.push(await tokenOwner(client, emails[index % emails.length]!));
  });
  return tokens;
}

/** Does the same so many times, a few at once. */
export async function repeat(
  count: number,
  lanes: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let begun = 0;
  await inParallel(lanes, async () => {
    while (begun < count) await work(begun++);
  });
}

/**
 * Does the same so many times a second until the signal, however long each takes; `due` is when one had to begin. Where
 * the machine cannot keep up, those that are due wait for others to be over, and their time runs.
 */
export async function pace(
  perSecond: number,
  signal: AbortSignal,
  work: (due: number) => Promise<void>,
): Promise<void> {
  const begin = performance.now();
  const underway = new Set<Promise<void>>();
  for (let begun = 0; !signal.aborted;) {
    const due = begin + (begun * 1000) / perSecond;
    if (due > performance.now() || underway.size >= MOST_AT_ONCE) {
      await delay(1);
      continue;
    }
    begun += 1;
    const one = work(due).finally(() => underway.delete(one));
    underway.add(one);
  }
  await Promise.all(underway);
}

/** Milliseconds that may be no more than so many, in a test run with some room. */
export function atMost(
  what: string,
  store: string,
  ms: number,
  limit: number,
  scale: Scale = 'full',
): Measurement {
  const target = scale === 'full' ? limit : limit * ROOM;
  const digits = ms < 100 ? 1 : 0;
  return { what, store, measured: `${ms.toFixed(digits)} ms`, target: `≤ ${target} ms`, isMet: ms <= target };
}

/** What has to be so, such as an answer. */
export function exactly(what: string, store: string, measured: string, target: string): Measurement {
  return { what, store, measured, target, isMet: measured === target };
}
