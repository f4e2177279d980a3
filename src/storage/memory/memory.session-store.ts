import { later } from '../../common/clock.js';
import type { EndReason, Ending, SessionEntry, StoredSession } from '../../sessions/session.js';
import {
  ENDING_KEPT_FOR,
  type InsertResult,
  type SessionLimit,
  SessionStore,
} from '../../sessions/session-store.js';

interface Entry {
  session: StoredSession;
  ended: { readonly reason: EndReason; readonly at: Date } | null;
}

/** Sessions in the memory of this process: they end with it. Each method looks and writes without a pause between. */
export class MemorySessionStore extends SessionStore {
  readonly durable = false;
  readonly #entries = new Map<string, Entry>();
  readonly #idsByUser = new Map<string, Set<string>>();

  async insert(session: StoredSession, limit?: SessionLimit): Promise<InsertResult> {
    if (this.#entries.has(session.id)) throw new Error('A session of this id is stored already.');
    if (limit && !this.#makeRoom(session, limit)) return 'refused';
    this.#entries.set(session.id, { session: structuredClone(session), ended: null });
    this.#idsOf(session.userId).add(session.id);
    return 'inserted';
  }

  async find(id: string, now: Date): Promise<StoredSession | null> {
    const entry = this.#live(id, now);
    return entry ? structuredClone(entry.session) : null;
  }

  async findByUser(userId: string, now: Date): Promise<StoredSession[]> {
    return this.#liveOf(userId, now)
      .map(({ session }) => structuredClone(session))
      .toReversed();
  }

  async touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean> {
    const entry = this.#live(id, seenAt);
    if (!entry || entry.session.lastSeenAt > seenAt) return false;
    entry.session = { ...entry.session, lastSeenAt: seenAt, expiresAt };
    return true;
  }

  async rotate(id: string, from: string, to: string, now: Date): Promise<boolean> {
    const entry = this.#live(id, now);
    if (entry?.session.secretHash !== from) return false;
    const { session } = entry;
    const lastSeenAt = session.lastSeenAt < now ? now : session.lastSeenAt;
    entry.session = { ...session, secretHash: to, lastSeenAt };
    return true;
  }

  async end(id: string, reason: EndReason, now: Date): Promise<boolean> {
    const entry = this.#live(id, now);
    if (!entry) return false;
    entry.ended = { reason, at: now };
    return true;
  }

  async endAll(userId: string, reason: EndReason, now: Date, exceptId?: string): Promise<number> {
    const entries = this.#liveOf(userId, now).filter(({ session }) => session.id !== exceptId);
    for (const entry of entries) entry.ended = { reason, at: now };
    return entries.length;
  }

  async endingOf(id: string, now: Date): Promise<Ending | null> {
    const entry = this.#entries.get(id);
    if (!entry || this.#live(id, now) || forgetAt(entry) <= now) return null;
    const { session, ended } = entry;
    const ending = ended ?? { reason: 'expired', at: session.expiresAt };
    return structuredClone({ session, ...ending });
  }

  async sweep(now: Date, limit: number): Promise<number> {
    let swept = 0;
    for (const [id, entry] of this.#entries) {
      if (swept === limit) break;
      if (forgetAt(entry) > now) continue;
      this.#forget(id, entry.session.userId);
      swept += 1;
    }
    return swept;
  }

  async *entries(): AsyncGenerator<SessionEntry> {
    for (const entry of this.#entries.values()) yield structuredClone(entry);
  }

  #live(id: string, now: Date): Entry | null {
    const entry = this.#entries.get(id);
    return entry && !entry.ended && now < entry.session.expiresAt ? entry : null;
  }

  /** Oldest first. */
  #liveOf(userId: string, now: Date): Entry[] {
    const ids = this.#idsByUser.get(userId) ?? [];
    return [...ids]
      .map((id) => this.#live(id, now))
      .filter((entry) => entry !== null)
      .toSorted((a, b) => a.session.createdAt.getTime() - b.session.createdAt.getTime());
  }

  #makeRoom({ userId, createdAt, credentialVersion }: StoredSession, { max, policy }: SessionLimit): boolean {
    const rivals = this.#liveOf(userId, createdAt).filter(
      ({ session }) => session.credentialVersion >= credentialVersion,
    );
    const excess = rivals.length + 1 - max;
    if (policy === 'refuse') return excess <= 0;
    for (const entry of rivals.slice(0, Math.max(excess, 0)))
      entry.ended = { reason: 'evicted', at: createdAt };
    return true;
  }

  #idsOf(userId: string): Set<string> {
    const ids = this.#idsByUser.get(userId) ?? new Set();
    this.#idsByUser.set(userId, ids);
    return ids;
  }

  #forget(id: string, userId: string): void {
    this.#entries.delete(id);
    const ids = this.#idsByUser.get(userId);
    ids?.delete(id);
    if (ids?.size === 0) this.#idsByUser.delete(userId);
  }
}

function forgetAt({ session, ended }: Entry): Date {
  return later(ended?.at ?? session.expiresAt, ENDING_KEPT_FOR);
}
