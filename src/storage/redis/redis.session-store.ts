import { unreadable } from '../../common/unreadable.js';
import { proofsText } from '../../sessions/proofs.js';
import type { Position } from '../../common/cursor.js';
import type { SweepStep } from '../../common/sweeper.js';
import type { EndReason } from '../../sessions/endings.js';
import type { SessionEntry, SessionState, StoredSession } from '../../sessions/session.js';
import type { CountsLive } from '../../sessions/live-count.js';
import {
  ALL_SESSIONS,
  ENDING_KEPT_FOR,
  type InsertResult,
  type Proof,
  type SessionLimit,
  SessionStore,
  UntaggedIdError,
} from '../../sessions/session-store.js';
import { isTaggedFor, tagOf, userTag } from '../../sessions/session-token.js';
import { decode, encode } from './entry.js';
import type { Keys, RedisCommands } from './redis-commands.js';
import {
  COUNT_LIVE,
  DIGITS_OF_INSTANT,
  END,
  END_ALL,
  INSERT,
  LIST,
  NOT_A_SESSION,
  RENAME,
  ROTATE,
  TOUCH,
} from './scripts.js';

/** Matches the tag of any user in a pattern of keys. */
const ANY_TAG = '????';

/** Hashes that one script counts, so that it does not hold up other commands for long. */
const HASHES_PER_SCRIPT = 50;

/** Sessions per call when all sessions of a user are read. */
const SESSIONS_PER_STEP = 500;

/**
 * Sessions in Redis. The sessions of one user are the fields of one hash; its key contains the tag of the user. Each
 * operation is one atomic command or script. A large hash has an index of its live sessions in a second key, which is
 * rebuilt if it is missing. Sessions that ended more than a day ago are deleted at a later sign-in of the user, or when
 * the keys expire.
 */
export class RedisSessionStore extends SessionStore implements CountsLive {
  readonly durable = true;

  constructor(private readonly redis: RedisCommands) {
    super();
  }

  async insert(session: StoredSession, limit?: SessionLimit, replacedId?: string): Promise<InsertResult> {
    if (!isTaggedFor(session.userId, session.id)) throw new UntaggedIdError();
    if (replacedId !== undefined) await this.end(replacedId, 'signed_out', session.createdAt);
    const [outcome, ...evicted] = (await this.redis.runReplicated(INSERT, this.#keysOf(session.id), [
      session.createdAt.getTime(),
      session.id,
      encode({ session, ended: null }),
      limit?.max ?? 0,
      limit?.policy ?? '',
      ENDING_KEPT_FOR,
    ])) as [outcome: 'inserted' | 'refused' | 'taken', ...evicted: string[]];
    if (outcome === 'taken') throw new Error('A session of this id is stored already.');
    return outcome === 'refused' ? { outcome } : { outcome, evicted };
  }

  async stateOf(id: string, now: Date): Promise<SessionState | null> {
    const entry = await this.#read(id);
    if (!entry) return null;
    const { session, ended } = entry;
    if (isLive(entry, now)) return { session, ending: null };
    const ending = ended ?? { reason: 'expired' as const, at: session.expiresAt };
    return now.getTime() < ending.at.getTime() + ENDING_KEPT_FOR ? { session, ending } : null;
  }

  async findByUser(
    userId: string,
    now: Date,
    { limit, after, kind, credentialVersion } = ALL_SESSIONS,
  ): Promise<StoredSession[]> {
    const found: StoredSession[] = [];
    const keys = this.#keysOfTag(userTag(userId));
    let from = after ? placeOf(after) : '';
    do {
      const wanted = Math.min(limit - found.length, SESSIONS_PER_STEP);
      const args = [
        now.getTime(),
        encodeURIComponent(userId),
        wanted,
        from,
        kind ?? '',
        credentialVersion ?? '',
      ];
      const [next, ...lines] = (await this.redis.read(LIST, keys, args)) as [string, ...string[]];
      for (let index = 0; index < lines.length; index += 2) {
        const entry = decode(lines[index]!, lines[index + 1]!);
        if (entry) found.push(entry.session);
      }
      from = next;
    } while (from !== '' && found.length < limit);
    return found;
  }

  async touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean> {
    const args = [seenAt.getTime(), id, expiresAt.getTime(), ENDING_KEPT_FOR];
    return (await this.redis.run(TOUCH, this.#keysOf(id), args)) === 1;
  }

  async rotate(id: string, from: string, to: string, now: Date, proof?: Proof): Promise<boolean> {
    const args = [now.getTime(), id, from, to, ...(proof ? argumentsOf(proof) : [])];
    return (await this.redis.runReplicated(ROTATE, this.#keysOf(id), args)) === 1;
  }

  async rename(id: string, label: string | null, now: Date): Promise<boolean> {
    const args = [now.getTime(), id, ...(label === null ? [] : [label])];
    return (await this.redis.run(RENAME, this.#keysOf(id), args)) === 1;
  }

  async end(id: string, reason: EndReason, now: Date): Promise<boolean> {
    return (await this.redis.runReplicated(END, this.#keysOf(id), [now.getTime(), id, reason])) === 1;
  }

  async endAll(userId: string, reason: EndReason, now: Date, exceptId = ''): Promise<string[]> {
    const args = [now.getTime(), encodeURIComponent(userId), reason, exceptId];
    return (await this.redis.runReplicated(END_ALL, this.#keysOfTag(userTag(userId)), args)) as string[];
  }

  /** Does nothing: the keys expire by themselves. */
  async sweep(): Promise<SweepStep> {
    return { forgotten: 0, isLast: true };
  }

  /** Looks at a page of keys at a time, whatever the limit. Sessions may be counted twice while Redis resizes its table of keys. */
  async *countLive(now: Date): AsyncGenerator<number> {
    for await (const keys of this.#allKeys()) {
      let live = 0;
      for (const group of groupsOf(keys, this.redis.isCluster ? 1 : HASHES_PER_SCRIPT))
        live += (await this.redis.read(COUNT_LIVE, group, [now.getTime()])) as number;
      yield live;
    }
  }

  async *entries(): AsyncGenerator<SessionEntry> {
    for await (const keys of this.#allKeys()) {
      yield* (await Promise.all(keys.map((key) => this.#readAll(key)))).flat();
    }
  }

  async #read(id: string): Promise<SessionEntry | null> {
    const text = await this.redis.field(this.#keyOf(id), id);
    return text === null ? null : decode(id, text);
  }

  async #readAll(key: string): Promise<SessionEntry[]> {
    const fields = await this.redis.fields(key);
    if (!fields) unreadable('sessions under the key', key);
    return Object.entries(fields ?? {})
      .filter(([id]) => id !== NOT_A_SESSION)
      .flatMap(([id, text]) => decode(id, text) ?? []);
  }

  /** The keys of all users, in pages. */
  #allKeys(): AsyncGenerator<string[]> {
    const prefix = this.redis.prefix.replace(/[\\*?[\]]/g, '\\$&');
    return this.redis.keys(`${prefix}:${ANY_TAG}`);
  }

  #keyOf(id: string): string {
    return this.#keyOfTag(tagOf(id));
  }

  #keysOf(id: string): Keys {
    return this.#keysOfTag(tagOf(id));
  }

  /** The keys of the hash and of its index; a cluster has no index. */
  #keysOfTag(tag: string): Keys {
    const key = this.#keyOfTag(tag);
    return this.redis.isCluster ? [key] : [key, `${key}:newest`];
  }

  #keyOfTag(tag: string): string {
    return `${this.redis.prefix}:${tag}`;
  }
}

/** Consecutive groups of at most `size` keys. */
function groupsOf(keys: readonly string[], size: number): Keys[] {
  const groups: Keys[] = [];
  for (let start = 0; start < keys.length; start += size)
    groups.push(keys.slice(start, start + size) as unknown as Keys);
  return groups;
}

/** The member of a session in the index, as `placeOf` in `scripts.ts` builds it. */
function placeOf({ createdAt, id }: Position): string {
  return `${String(createdAt.getTime()).padStart(DIGITS_OF_INSTANT, '0')}:${id}`;
}

function isLive({ session, ended }: SessionEntry, now: Date): boolean {
  return !ended && now < session.expiresAt;
}

/** Those of the script that writes a proof. The last one is left out for null. */
function argumentsOf({ authenticatedAt, proofs, expiresAt }: Proof): (number | string)[] {
  const text = proofsText(proofs, authenticatedAt);
  return [authenticatedAt.getTime(), expiresAt.getTime(), ENDING_KEPT_FOR, ...(text === null ? [] : [text])];
}
