import type { SweepStep } from '../../common/sweeper.js';
import type { EndReason, Ending, SessionEntry, StoredSession } from '../../sessions/session.js';
import {
  ENDING_KEPT_FOR,
  type InsertResult,
  type Proof,
  type SessionLimit,
  SessionStore,
  UntaggedIdError,
} from '../../sessions/session-store.js';
import { isTaggedFor, tagOf, userTag } from '../../sessions/session-token.js';
import { decode, encode } from './entry.js';
import type { RedisConnection } from './redis.connection.js';
import { NOT_A_SESSION, END, END_ALL, INSERT, RENAME, ROTATE, TOUCH } from './scripts.js';

/** What the tag of a user is in a pattern of keys: its four characters, whatever they are. */
const ANY_TAG = '????';

/**
 * Sessions in Redis. All of a user's are the fields of one hash, under a key that is named by the tag in their ids: a step
 * is one command or script on one key, which no other can come between and which a cluster moves as a whole. What is
 * over for a day goes with the next sign-in of the user, or with the key, which always has a time to live.
 */
export class RedisSessionStore extends SessionStore {
  readonly durable = true;

  constructor(private readonly redis: RedisConnection) {
    super();
  }

  async insert(session: StoredSession, limit?: SessionLimit): Promise<InsertResult> {
    if (!isTaggedFor(session.userId, session.id)) throw new UntaggedIdError();
    const [outcome, ...evicted] = (await this.redis.runForGood(INSERT, this.#keyOf(session.id), [
      session.createdAt.getTime(),
      session.id,
      encode({ session, ended: null }),
      session.kind === 'access_token' ? 0 : (limit?.max ?? 0),
      limit?.policy ?? '',
      ENDING_KEPT_FOR,
    ])) as [outcome: 'inserted' | 'refused' | 'taken', ...evicted: string[]];
    if (outcome === 'taken') throw new Error('A session of this id is stored already.');
    return outcome === 'refused' ? { outcome } : { outcome, evicted };
  }

  async find(id: string, now: Date): Promise<StoredSession | null> {
    const entry = await this.#read(id);
    return entry && isLive(entry, now) ? entry.session : null;
  }

  async findByUser(userId: string, now: Date): Promise<StoredSession[]> {
    const fields = await this.redis.fields(this.#keyOfTag(userTag(userId)));
    return decodeAll(fields)
      .filter((entry) => isLive(entry, now) && entry.session.userId === userId)
      .map(({ session }) => session)
      .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  }

  async touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean> {
    const args = [seenAt.getTime(), id, expiresAt.getTime(), ENDING_KEPT_FOR];
    return (await this.redis.run(TOUCH, this.#keyOf(id), args)) === 1;
  }

  async rotate(id: string, from: string, to: string, now: Date, proof?: Proof): Promise<boolean> {
    const proven = proof ? [proof.authenticatedAt.getTime(), proof.expiresAt.getTime(), ENDING_KEPT_FOR] : [];
    const args = [now.getTime(), id, from, to, ...proven];
    return (await this.redis.runForGood(ROTATE, this.#keyOf(id), args)) === 1;
  }

  async rename(id: string, label: string | null, now: Date): Promise<boolean> {
    const args = [now.getTime(), id, ...(label === null ? [] : [label])];
    return (await this.redis.run(RENAME, this.#keyOf(id), args)) === 1;
  }

  async end(id: string, reason: EndReason, now: Date): Promise<boolean> {
    return (await this.redis.runForGood(END, this.#keyOf(id), [now.getTime(), id, reason])) === 1;
  }

  async endAll(userId: string, reason: EndReason, now: Date, exceptId = ''): Promise<string[]> {
    const args = [now.getTime(), encodeURIComponent(userId), reason, exceptId];
    return (await this.redis.runForGood(END_ALL, this.#keyOfTag(userTag(userId)), args)) as string[];
  }

  async endingOf(id: string, now: Date): Promise<Ending | null> {
    const entry = await this.#read(id);
    if (!entry || isLive(entry, now)) return null;
    const { session, ended } = entry;
    const { reason, at } = ended ?? { reason: 'expired', at: session.expiresAt };
    return now.getTime() < at.getTime() + ENDING_KEPT_FOR ? { session, reason, at } : null;
  }

  /** Redis forgets by itself. */
  async sweep(): Promise<SweepStep> {
    return { forgotten: 0, isLast: true };
  }

  async *entries(): AsyncGenerator<SessionEntry> {
    const prefix = this.redis.prefix.replace(/[\\*?[\]]/g, '\\$&');
    for await (const keys of this.redis.keys(`${prefix}:${ANY_TAG}`)) {
      const hashes = await Promise.all(keys.map((key) => this.redis.fields(key)));
      yield* hashes.flatMap(decodeAll);
    }
  }

  async #read(id: string): Promise<SessionEntry | null> {
    const text = await this.redis.field(this.#keyOf(id), id);
    return text === null ? null : decode(id, text);
  }

  #keyOf(id: string): string {
    return this.#keyOfTag(tagOf(id));
  }

  #keyOfTag(tag: string): string {
    return `${this.redis.prefix}:${tag}`;
  }
}

function decodeAll(fields: Record<string, string>): SessionEntry[] {
  return Object.entries(fields)
    .filter(([id]) => id !== NOT_A_SESSION)
    .map(([id, text]) => decode(id, text));
}

function isLive({ session, ended }: SessionEntry, now: Date): boolean {
  return !ended && now < session.expiresAt;
}
