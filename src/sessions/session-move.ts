import type { SessionEntry, StoredSession } from './session.js';
import { type SessionStore, UntaggedIdError } from './session-store.js';

/** How many sessions are on their way at a time. */
const AT_A_TIME = 50;

/** What became of each session that the first store knows. */
export interface MoveCounts {
  copied: number;
  updated: number;
  ended: number;
  /** The second store knows it as it is or better, or it is over and need not be known. */
  unchanged: number;
  /** Live, with an id from before there were tags, which the second store cannot keep: their users sign in again. */
  unmovable: number;
}

/**
 * Brings what one store knows to another that serves nobody yet, also while the first one serves, as often as one likes:
 * each run brings what has changed since. Nobody is signed out, and what is over on either side stays over, as long as
 * both remember it: between the first run and the last not more than a day may pass.
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

/** Where nobody uses it, a copy expires while the session lives on: it is asked for as of the sign-in. */
function copyOf({ id, createdAt }: StoredSession, to: SessionStore): Promise<StoredSession | null> {
  return to.find(id, createdAt);
}

/** What was seen later in the second store is known better there; a change of the name alone is no use. */
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

/** The note of the use comes last: a run that breaks off before it is made good by the next. */
async function bringUse(
  copy: StoredSession,
  { id, secretHash, authenticatedAt, lastSeenAt, expiresAt }: StoredSession,
  to: SessionStore,
): Promise<boolean> {
  if (secretHash !== copy.secretHash)
    await to.rotate(id, copy.secretHash, secretHash, copy.lastSeenAt, { authenticatedAt, expiresAt });
  if (copy.expiresAt <= lastSeenAt) await to.touch(id, copy.lastSeenAt, expiresAt);
  return to.touch(id, lastSeenAt, expiresAt);
}

/** An id that is taken is one that was ended there, or that another run was faster with. */
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
