import { later } from '../../common/clock.js';
import type { SweepStep } from '../../common/sweeper.js';
import type { EndReason, Ending, SessionEntry, StoredSession } from '../../sessions/session.js';
import {
  ENDING_KEPT_FOR,
  type InsertResult,
  type SessionLimit,
  SessionStore,
} from '../../sessions/session-store.js';

/** A session as a flat record, a third the size of one with dates; instants are epoch milliseconds. */
interface Entry {
  readonly id: string;
  readonly userId: string;
  secretHash: string;
  readonly credentialVersion: number;
  readonly createdAt: number;
  readonly authenticatedAt: number;
  lastSeenAt: number;
  expiresAt: number;
  readonly ip: string | null;
  readonly userAgent: string | null;
  endReason: EndReason | null;
  endedAt: number;
  /** The one before it of the same user. */
  previous: Entry | null;
}

/** How many user agents are kept once for all the sessions that have them; of many clients most are alike. */
const SHARED_USER_AGENTS = 1000;

/** Sessions in the memory of this process: they end with it. Each method looks and writes without a pause between. */
export class MemorySessionStore extends SessionStore {
  readonly durable = false;
  readonly #entries = new Map<string, Entry>();
  readonly #lastByUser = new Map<string, Entry>();
  readonly #userAgents = new Map<string, string>();
  #sweeping = this.#entries.values();

  async insert(session: StoredSession, limit?: SessionLimit): Promise<InsertResult> {
    if (this.#entries.has(session.id)) throw new Error('A session of this id is stored already.');
    const evicted = limit ? this.#makeRoom(session, limit) : [];
    if (!evicted) return { outcome: 'refused' };
    const entry = toEntry(session, this.#shared(session.client.userAgent));
    entry.previous = this.#lastByUser.get(entry.userId) ?? null;
    this.#entries.set(entry.id, entry);
    this.#lastByUser.set(entry.userId, entry);
    return { outcome: 'inserted', evicted };
  }

  async find(id: string, now: Date): Promise<StoredSession | null> {
    const entry = this.#live(id, now);
    return entry ? toSession(entry) : null;
  }

  async findByUser(userId: string, now: Date): Promise<StoredSession[]> {
    return this.#liveOf(userId, now).map(toSession).toReversed();
  }

  async touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean> {
    const entry = this.#live(id, seenAt);
    if (!entry || entry.lastSeenAt > seenAt.getTime()) return false;
    entry.lastSeenAt = seenAt.getTime();
    entry.expiresAt = expiresAt.getTime();
    return true;
  }

  async rotate(id: string, from: string, to: string, now: Date): Promise<boolean> {
    const entry = this.#live(id, now);
    if (entry?.secretHash !== from) return false;
    entry.secretHash = to;
    entry.lastSeenAt = Math.max(entry.lastSeenAt, now.getTime());
    return true;
  }

  async end(id: string, reason: EndReason, now: Date): Promise<boolean> {
    const entry = this.#live(id, now);
    if (entry) end(entry, reason, now);
    return entry !== null;
  }

  async endAll(userId: string, reason: EndReason, now: Date, exceptId?: string): Promise<string[]> {
    const entries = this.#liveOf(userId, now).filter(({ id }) => id !== exceptId);
    for (const entry of entries) end(entry, reason, now);
    return entries.map(({ id }) => id);
  }

  async endingOf(id: string, now: Date): Promise<Ending | null> {
    const entry = this.#entries.get(id);
    if (!entry || isLive(entry, now) || forgetAt(entry) <= now) return null;
    return { session: toSession(entry), reason: entry.endReason ?? 'expired', at: overSince(entry) };
  }

  async sweep(now: Date, limit: number): Promise<SweepStep> {
    let forgotten = 0;
    for (let looked = 0; looked < limit; looked++) {
      const { value: entry, done } = this.#sweeping.next();
      if (done) {
        this.#sweeping = this.#entries.values();
        return { forgotten, isLast: true };
      }
      if (forgetAt(entry) > now) continue;
      this.#forget(entry);
      forgotten += 1;
    }
    return { forgotten, isLast: false };
  }

  async *entries(): AsyncGenerator<SessionEntry> {
    for (const entry of this.#entries.values()) {
      const { endReason: reason } = entry;
      yield { session: toSession(entry), ended: reason && { reason, at: overSince(entry) } };
    }
  }

  #live(id: string, now: Date): Entry | null {
    const entry = this.#entries.get(id);
    return entry && isLive(entry, now) ? entry : null;
  }

  /** Oldest first. */
  #liveOf(userId: string, now: Date): Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.#lastByUser.get(userId); entry; entry = entry.previous ?? undefined)
      if (isLive(entry, now)) entries.push(entry);
    return entries.toReversed().toSorted((a, b) => a.createdAt - b.createdAt);
  }

  /** The ids of those that gave way, or null where nobody does. */
  #makeRoom(
    { userId, createdAt, credentialVersion }: StoredSession,
    { max, policy }: SessionLimit,
  ): string[] | null {
    const rivals = this.#liveOf(userId, createdAt).filter(
      (rival) => rival.credentialVersion >= credentialVersion,
    );
    const excess = rivals.length + 1 - max;
    if (policy === 'refuse' && excess > 0) return null;
    const evicted = rivals.slice(0, Math.max(excess, 0));
    for (const rival of evicted) end(rival, 'evicted', createdAt);
    return evicted.map(({ id }) => id);
  }

  #shared(userAgent: string | null): string | null {
    if (userAgent === null) return null;
    const known = this.#userAgents.get(userAgent);
    if (known !== undefined) return known;
    if (this.#userAgents.size < SHARED_USER_AGENTS) this.#userAgents.set(userAgent, userAgent);
    return userAgent;
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.id);
    let next = this.#lastByUser.get(entry.userId);
    if (next !== entry) {
      while (next && next.previous !== entry) next = next.previous ?? undefined;
      if (next) next.previous = entry.previous;
    } else if (entry.previous) this.#lastByUser.set(entry.userId, entry.previous);
    else this.#lastByUser.delete(entry.userId);
  }
}

function isLive({ endReason, expiresAt }: Entry, now: Date): boolean {
  return endReason === null && now.getTime() < expiresAt;
}

function end(entry: Entry, reason: EndReason, now: Date): void {
  entry.endReason = reason;
  entry.endedAt = now.getTime();
}

function overSince({ endReason, endedAt, expiresAt }: Entry): Date {
  return new Date(endReason === null ? expiresAt : endedAt);
}

function forgetAt(entry: Entry): Date {
  return later(overSince(entry), ENDING_KEPT_FOR);
}

function toEntry(session: StoredSession, userAgent: string | null): Entry {
  return {
    id: session.id,
    userId: session.userId,
    secretHash: session.secretHash,
    credentialVersion: session.credentialVersion,
    createdAt: session.createdAt.getTime(),
    authenticatedAt: session.authenticatedAt.getTime(),
    lastSeenAt: session.lastSeenAt.getTime(),
    expiresAt: session.expiresAt.getTime(),
    ip: session.client.ip,
    userAgent,
    endReason: null,
    endedAt: 0,
    previous: null,
  };
}

function toSession(entry: Entry): StoredSession {
  return {
    id: entry.id,
    userId: entry.userId,
    secretHash: entry.secretHash,
    credentialVersion: entry.credentialVersion,
    createdAt: new Date(entry.createdAt),
    authenticatedAt: new Date(entry.authenticatedAt),
    lastSeenAt: new Date(entry.lastSeenAt),
    expiresAt: new Date(entry.expiresAt),
    client: { ip: entry.ip, userAgent: entry.userAgent },
  };
}
