import { randomUUID } from 'node:crypto';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { inLanes } from '../measure/lanes.js';
import { EMAILS, emailOf } from '../peers/people.js';
import { clientOf } from './clients.js';
import { type SessionLifetime, type SessionStore, type UserStore, product } from './product.js';

/** What filling a store came to. */
export interface Filled {
  /** The file with the cookies that are sent, one header a line. */
  readonly credentials: string;
  /** Of the sessions alone. */
  readonly seconds: number;
  /** By which the sessions made the heap of the server larger. */
  readonly heapBytes: number;
}

/** Live sessions of one person on average, unless that would be too few people. */
const SESSIONS_PER_PERSON = 10;

/** Cookies that are sent at most; spread over all sessions at random. */
const COOKIES = 10_000;

/** For how long people have been signing in, in milliseconds; less than sessions live. */
const PAST = 11 * 60 * 60 * 1000;

/** Inserts at a time; a store refuses more than 1,000. */
const LANES = 250;

/** How often an insert that was late is tried again, and the milliseconds before. */
const TRIES = 10;
const PAUSE = 1000;

/** Adds as many people as so many sessions have, all with one password: their ids. */
export async function addPeople(users: UserStore, passwordHash: string, sessions: number): Promise<string[]> {
  const count = Math.max(EMAILS.length, Math.ceil(sessions / SESSIONS_PER_PERSON));
  const now = new Date();
  return inLanes(count, LANES, async (index) => {
    const user = {
      id: randomUUID(),
      email: emailOf(index),
      firstName: null,
      lastName: null,
      role: 'user',
      disabled: false,
      credentialVersion: 1,
      createdAt: now,
      updatedAt: now,
      emailVerifiedAt: null,
    } as const;
    await insert(
      () => users.insert(user, passwordHash),
      () => users.find(user.id),
    );
    tell('people', index + 1, count);
    return user.id;
  });
}

/** Adds live sessions of anybody, in the order in which they were opened: some of their tokens in no order. */
export async function addSessions(
  store: SessionStore,
  lifetime: SessionLifetime,
  people: readonly string[],
  count: number,
): Promise<string[]> {
  const begin = Date.now();
  const tokens: string[] = [];
  await inLanes(count, LANES, async (index) => {
    const now = new Date();
    const userId = people[Math.floor(Math.random() * people.length)]!;
    const createdAt = new Date(begin - PAST + Math.floor((PAST * index) / count));
    const token = product.SessionToken.issue(createdAt, userId);
    const draft = {
      id: token.id,
      userId,
      kind: 'session',
      transport: 'cookie',
      scope: 'write',
      label: null,
      credentialVersion: 1,
      createdAt,
      authenticatedAt: createdAt,
      proofs: { password: createdAt },
      lastSeenAt: now,
      expiresAt: now,
      client: clientOf(index),
      secretHash: token.secretHash,
    } as const;
    const session = { ...draft, expiresAt: lifetime.deadline(draft) };
    const isChosen = Math.random() < (COOKIES - tokens.length) / (count - index);
    if (isChosen) tokens.push(token.reveal());
    await insert(
      () => store.insert(session),
      () => store.find(session.id, now),
    );
    tell('sessions', index + 1, count);
  });
  return shuffled(tokens);
}

/** Inserts though the store may be late, which is no rule for filling it; what was late may have come in all the same. */
async function insert(work: () => Promise<unknown>, isThere: () => Promise<unknown>): Promise<void> {
  await nextTurn();
  for (let tries = 0; ; tries++) {
    try {
      if (tries === 0 || !(await isThere())) await work();
      return;
    } catch (error) {
      if (tries === TRIES || !(error instanceof product.StoreUnavailableError)) throw error;
      await delay(PAUSE);
    }
  }
}

/** Says how far it is, a hundred times. */
function tell(what: string, done: number, all: number): void {
  if (done % Math.ceil(all / 100) === 0) console.log(`${done} of ${all} ${what}`);
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
