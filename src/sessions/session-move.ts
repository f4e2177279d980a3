import type { SessionEntry, StoredSession } from './session.js';
import { type SessionStore, UntaggedIdError } from './session-store.js';

/** How many sessions are moved in parallel. */
const AT_A_TIME = 50;

/** How many sessions of the first store had each outcome. */
export interface MoveCounts {
  copied: number;
  updated: number;
  ended: number;
  /** The second store already has the same or a later state, or the session has expired. */
  unchanged: number;
  /** Live, but the second store cannot store its id, which has no tag. Its user must sign in again. */
  unmovable: number;
}

/**
 * Copies sessions to a store that no server uses yet. The first store may be in use. Each run copies the changes since
 * the previous one. Live sessions stay live, and sessions that ended in either store stay ended, if at most a day passes
 * between the first run and the last. Calls `onMoved` after each session.
 */
export async function moveSessions(
  from: SessionStore,
  to: SessionStore,
  now: Date,
  onMoved: () => void = () => {},
): Promise<MoveCounts> {
  const counts: MoveCounts = { copied: 0, updated: 0, ended: 0, unchanged: 0, unmovable: 0 };
  for await (const entries of inGroups(from.entries())) {
    await Promise.all(
      entries.map(async (entry) => {
        counts[await move(entry, to, now)] += 1;
        onMoved();
      }),
    );
  }
  return counts;
}

async function* inGroups(entries: AsyncIterable<SessionEntry>): AsyncGenerator<SessionEntry[]> {
  let group: SessionEntry[] = [];
  for await (const entry of entries) {
    group.push(entry);
    if (group.length < AT_A_TIME) continue;
    yield group;
    group = [];
  }
  yield group;
}

async function move(
  { session, ended }: SessionEntry,
  to: SessionStore,
  now: Date,
): Promise<keyof MoveCounts> {
  if (ended) return (await to.end(session.id, ended.reason, ended.at)) ? 'ended' : 'unchanged';
  const copy = await copyOf(session, to);
  if (copy) return update(copy, session, to);
  return now < session.expiresAt ? insert(session, to) : 'unchanged';
}

/** The copy in the second store, looked up as of the sign-in, because an unused copy expires before the session. */
function copyOf({ id, createdAt }: StoredSession, to: SessionStore): Promise<StoredSession | null> {
  return to.find(id, createdAt);
}

/** Updates the copy, unless the second store has seen a later use. A new label does not count as a use. */
async function update(
  copy: StoredSession,
  session: StoredSession,
  to: SessionStore,
): Promise<keyof MoveCounts> {
  const { id, label, lastSeenAt } = session;
  if (lastSeenAt < copy.lastSeenAt) return 'unchanged';
  const isRenamed = label !== copy.label && (await to.rename(id, label, copy.lastSeenAt));
  const isUsed = lastSeenAt > copy.lastSeenAt && (await bringUse(copy, session, to));
  return isRenamed || isUsed ? 'updated' : 'unchanged';
}

/** Copies the secret, the proof and the last use. The last use is written last, so that the next run repairs a broken one. */
async function bringUse(
  copy: StoredSession,
  { id, secretHash, authenticatedAt, proofs, lastSeenAt, expiresAt }: StoredSession,
  to: SessionStore,
): Promise<boolean> {
  if (secretHash !== copy.secretHash)
    await to.rotate(id, copy.secretHash, secretHash, copy.lastSeenAt, {
      authenticatedAt,
      proofs,
      expiresAt,
    });
  if (copy.expiresAt <= lastSeenAt) await to.touch(id, copy.lastSeenAt, expiresAt);
  return to.touch(id, lastSeenAt, expiresAt);
}

/** Inserts a session. If the id is taken, the session was ended there or another run has inserted it. */
async function insert(session: StoredSession, to: SessionStore): Promise<keyof MoveCounts> {
  try {
    await to.insert(session);
    return 'copied';
  } catch (error) {
    const known = (await copyOf(session, to)) ?? (await to.endingOf(session.id, session.createdAt));
    if (known) return 'unchanged';
    if (error instanceof UntaggedIdError) return 'unmovable';
    throw error;
  }
}
