import { later } from '../../common/clock.js';
import type { Position } from '../../common/cursor.js';
import type { SweepStep } from '../../common/sweeper.js';
import type { EndReason } from '../../sessions/endings.js';
import { proofsIn, proofsText } from '../../sessions/proofs.js';
import type {
  SessionEntry,
  SessionKind,
  SessionScope,
  SessionState,
  StoredSession,
  Transport,
} from '../../sessions/session.js';
import type { CountsLive } from '../../sessions/live-count.js';
import {
  ALL_SESSIONS,
  ENDING_KEPT_FOR,
  type InsertResult,
  type Proof,
  type SessionLimit,
  SessionStore,
} from '../../sessions/session-store.js';

/** A session as a flat record, a third the size of one with dates. Times are epoch milliseconds. */
interface Entry {
  readonly id: string;
  readonly userId: string;
  secretHash: string;
  readonly credentialVersion: number;
  readonly createdAt: number;
  authenticatedAt: number;
  /** The text of `proofsText`. */
  proofs: string | null;
  lastSeenAt: number;
  expiresAt: number;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly kind: SessionKind;
  readonly transport: Transport;
  readonly scope: SessionScope;
  label: string | null;
  endReason: EndReason | null;
  endedAt: number;
  /** The next older and the next newer session of the same user. */
  older: Entry | null;
  newer: Entry | null;
}

/** How many texts are shared between sessions. Many clients have the same user agent. */
const SHARED_TEXTS = 1000;

/** Sessions in the memory of this process; a restart ends them. No method awaits between read and write. */
export class MemorySessionStore extends SessionStore implements CountsLive {
  readonly durable = false;
  readonly #entries = new Map<string, Entry>();
  readonly #newestByUser = new Map<string, Entry>();
  readonly #texts = new Map<string, string>();
  #sweeping = this.#entries.values();

  async insert(session: StoredSession, limit?: SessionLimit, replacedId = ''): Promise<InsertResult> {
    if (this.#entries.has(session.id)) throw new Error('A session of this id is stored already.');
    const replaced = this.#live(replacedId, session.createdAt);
    if (replaced) end(replaced, 'signed_out', session.createdAt);
    const evicted = limit ? this.#makeRoom(session, limit) : [];
    if (!evicted) return { outcome: 'refused' };
    const entry = toEntry(session, (text) => this.#shared(text));
    this.#entries.set(entry.id, entry);
    this.#link(entry);
    return { outcome: 'inserted', evicted };
  }

  async stateOf(id: string, now: Date): Promise<SessionState | null> {
    const entry = this.#entries.get(id);
    if (!entry) return null;
    if (isLive(entry, now)) return { session: toSession(entry), ending: null };
    if (forgetAt(entry) <= now) return null;
    return { session: toSession(entry), ending: { reason: entry.endReason ?? 'expired', at: endOf(entry) } };
  }

  async findByUser(
    userId: string,
    now: Date,
    { limit, after, kind, credentialVersion } = ALL_SESSIONS,
  ): Promise<StoredSession[]> {
    const found: StoredSession[] = [];
    for (let entry = this.#firstOf(userId, after); entry && found.length < limit; entry = entry.older)
      if (
        isLive(entry, now) &&
        (kind === null || entry.kind === kind) &&
        (credentialVersion === null || entry.credentialVersion === credentialVersion)
      )
        found.push(toSession(entry));
    return found;
  }

  async touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean> {
    const entry = this.#live(id, seenAt);
    if (!entry || entry.lastSeenAt > seenAt.getTime()) return false;
    entry.lastSeenAt = seenAt.getTime();
    entry.expiresAt = expiresAt.getTime();
    return true;
  }

  async rotate(id: string, from: string, to: string, now: Date, proof?: Proof): Promise<boolean> {
    const entry = this.#live(id, now);
    if (entry?.secretHash !== from) return false;
    entry.secretHash = to;
    entry.lastSeenAt = Math.max(entry.lastSeenAt, now.getTime());
    if (!proof) return true;
    entry.authenticatedAt = proof.authenticatedAt.getTime();
    entry.proofs = proofsText(proof.proofs, proof.authenticatedAt);
    entry.expiresAt = proof.expiresAt.getTime();
    return true;
  }

  async rename(id: string, label: string | null, now: Date): Promise<boolean> {
    const entry = this.#live(id, now);
    if (entry) entry.label = label;
    return entry !== null;
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
      yield { session: toSession(entry), ended: reason && { reason, at: endOf(entry) } };
    }
  }

  async *countLive(now: Date, limit: number): AsyncGenerator<number> {
    let [live, looked] = [0, 0];
    for (const entry of this.#entries.values()) {
      if (isLive(entry, now)) live += 1;
      looked += 1;
      if (looked % limit > 0) continue;
      yield live;
      live = 0;
    }
    yield live;
  }

  #live(id: string, now: Date): Entry | null {
    const entry = this.#entries.get(id);
    return entry && isLive(entry, now) ? entry : null;
  }

  /** Oldest first. */
  #liveOf(userId: string, now: Date): Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.#firstOf(userId, null); entry; entry = entry.older)
      if (isLive(entry, now)) entries.push(entry);
    return entries.toReversed();
  }

  /** The newest session of a user, or the newest one after a position in the list. */
  #firstOf(userId: string, after: Position | null): Entry | null {
    const last = after && this.#entries.get(after.id);
    if (last?.userId === userId) return last.older;
    const before = after?.createdAt.getTime() ?? Infinity;
    let entry = this.#newestByUser.get(userId) ?? null;
    while (entry && entry.createdAt >= before) entry = entry.older;
    return entry;
  }

  /** Evicts sessions and returns their ids; null if the policy refuses instead. */
  #makeRoom(
    { userId, createdAt, credentialVersion, kind }: StoredSession,
    { max, policy }: SessionLimit,
  ): string[] | null {
    const rivals = this.#liveOf(userId, createdAt).filter(
      (rival) =>
        (rival.kind === 'access_token') === (kind === 'access_token') &&
        rival.credentialVersion >= credentialVersion,
    );
    const excess = rivals.length + 1 - max;
    if (policy === 'refuse' && excess > 0) return null;
    const evicted = rivals.slice(0, Math.max(excess, 0));
    for (const rival of evicted) end(rival, 'evicted', createdAt);
    return evicted.map(({ id }) => id);
  }

  #shared<Text extends string>(text: Text): Text {
    const known = this.#texts.get(text);
    if (known !== undefined) return known as Text;
    if (this.#texts.size < SHARED_TEXTS) this.#texts.set(text, text);
    return text;
  }

  /** Links an entry into the list of its user, in order of `createdAt`. */
  #link(entry: Entry): void {
    entry.older = this.#newestByUser.get(entry.userId) ?? null;
    while (entry.older && entry.older.createdAt > entry.createdAt) {
      entry.newer = entry.older;
      entry.older = entry.older.older;
    }
    if (entry.older) entry.older.newer = entry;
    if (entry.newer) entry.newer.older = entry;
    else this.#newestByUser.set(entry.userId, entry);
  }

  #forget({ id, userId, older, newer }: Entry): void {
    this.#entries.delete(id);
    if (older) older.newer = newer;
    if (newer) newer.older = older;
    else if (older) this.#newestByUser.set(userId, older);
    else this.#newestByUser.delete(userId);
  }
}

function isLive({ endReason, expiresAt }: Entry, now: Date): boolean {
  return endReason === null && now.getTime() < expiresAt;
}

function end(entry: Entry, reason: EndReason, now: Date): void {
  entry.endReason = reason;
  entry.endedAt = now.getTime();
}

function endOf({ endReason, endedAt, expiresAt }: Entry): Date {
  return new Date(endReason === null ? expiresAt : endedAt);
}

function forgetAt(entry: Entry): Date {
  return later(endOf(entry), ENDING_KEPT_FOR);
}

function toEntry(session: StoredSession, shared: <Text extends string>(text: Text) => Text): Entry {
  const { userAgent } = session.client;
  return {
    id: session.id,
    userId: session.userId,
    secretHash: session.secretHash,
    credentialVersion: session.credentialVersion,
    createdAt: session.createdAt.getTime(),
    authenticatedAt: session.authenticatedAt.getTime(),
    proofs: proofsText(session.proofs, session.authenticatedAt),
    lastSeenAt: session.lastSeenAt.getTime(),
    expiresAt: session.expiresAt.getTime(),
    ip: session.client.ip,
    userAgent: userAgent === null ? null : shared(userAgent),
    kind: shared(session.kind),
    transport: shared(session.transport),
    scope: shared(session.scope),
    label: session.label,
    endReason: null,
    endedAt: 0,
    older: null,
    newer: null,
  };
}

function toSession(entry: Entry): StoredSession {
  const authenticatedAt = new Date(entry.authenticatedAt);
  return {
    id: entry.id,
    userId: entry.userId,
    kind: entry.kind,
    transport: entry.transport,
    scope: entry.scope,
    label: entry.label,
    secretHash: entry.secretHash,
    credentialVersion: entry.credentialVersion,
    createdAt: new Date(entry.createdAt),
    authenticatedAt,
    proofs: proofsIn(entry.proofs, authenticatedAt),
    lastSeenAt: new Date(entry.lastSeenAt),
    expiresAt: new Date(entry.expiresAt),
    client: { ip: entry.ip, userAgent: entry.userAgent },
  };
}
