import { randomUUID } from 'node:crypto';
import { type ExpressionBuilder, type Kysely, type Selectable, type Transaction, sql } from 'kysely';
import { proofsIn, proofsText } from '../../sessions/proofs.js';
import type {
  JoinsCredentials,
  SessionCredential,
  SessionCredentials,
} from '../../auth/session-credentials.js';
import type { JoinsUsers, SessionUser, SessionUsers } from '../../auth/session-users.js';
import type { SweepStep } from '../../common/sweeper.js';
import type { EndReason } from '../../sessions/endings.js';
import type { SessionEntry, SessionState, StoredSession } from '../../sessions/session.js';
import {
  ALL_SESSIONS,
  ENDING_KEPT_FOR,
  type InsertResult,
  type Proof,
  type SessionLimit,
  type SessionQuery,
  SessionStore,
} from '../../sessions/session-store.js';
import type { CountsLive } from '../../sessions/live-count.js';
import { isTaggedFor, userTag } from '../../sessions/session-token.js';
import { type CredentialStore, FIRST_VERSION } from '../../users/credential-store.js';
import type { User } from '../../users/user.js';
import type { UserStore } from '../../users/user-store.js';
import { readableEnding, readableEntry, readableSession } from '../readable.js';
import { CompiledInsert } from './compiled-insert.js';
import type { Schema } from './schema.js';
import { idOf, keyOf } from './session-key.js';
import type { LookUp, SqlDatabase } from './sql.database.js';
import { SqlCredentialStore, readVersion } from './sql.credential-store.js';
import { identityOf } from '../../users/identity.js';
import { SqlUserStore, USER_COLUMNS, type UserRow, readUser } from './sql.user-store.js';

type Row = Selectable<Schema['sessions']>;

/** Milliseconds for which a process reserves the sweeping, so that other processes do not sweep. */
const SWEEP_LEASE = 10_000;

/** Milliseconds. A lease that ends later than this from now is ignored: a wrong clock has written it. */
const LONGEST_LEASE = 2 * SWEEP_LEASE;

/** Rows per query when all rows are read. */
const ROWS_PER_PAGE = 500;

const SESSION_COLUMNS = [
  'key',
  'user_id',
  'secret_hash',
  'credential_version',
  'created_at',
  'authenticated_at',
  'last_seen_at',
  'expires_at',
  'ended_at',
  'end_reason',
  'forget_at',
  'ip',
  'user_agent',
  'kind',
  'transport',
  'scope',
  'label',
  'proofs',
] as const satisfies readonly (keyof Row)[];

type SessionRow = Pick<Row, (typeof SESSION_COLUMNS)[number]>;

/** A session joined with its user. The columns of the user have a prefix; all are null if the user was removed. */
type JoinedRow = SessionRow & { readonly [Column in keyof UserRow as `owner_${Column}`]: UserRow[Column] };

const SESSION_BY_KEY: LookUp<JoinedRow> = {
  name: 'session',
  select: (table) =>
    `select ${[
      ...SESSION_COLUMNS.map((column) => `session.${column}`),
      ...USER_COLUMNS.map((column) => `owner.${column} as owner_${column}`),
    ].join(', ')} from ${table('sessions')} as session
      left join ${table('users')} as owner on owner.id = session.user_id`,
  column: 'session.key',
  key: 'key',
};

/** A session with the credential version of its user, which is null if nothing is stored of the user. */
type VersionedRow = SessionRow & { readonly stored_version: number | null };

const SESSION_WITH_VERSION: LookUp<VersionedRow> = {
  name: 'session_with_version',
  select: (table) =>
    `select ${SESSION_COLUMNS.map((column) => `session.${column}`).join(', ')}, credential.version as stored_version
      from ${table('sessions')} as session
      left join ${table('credentials')} as credential on credential.user_id = session.user_id`,
  column: 'session.key',
  key: 'key',
};

/** Some rows in order of the key: how many are live, how many there are, and the last key. */
interface LivePage {
  readonly live: number;
  readonly rows: number;
  readonly last: string | null;
}

/** Sessions in a table. They survive a restart. */
export class SqlSessionStore extends SessionStore implements JoinsUsers, JoinsCredentials, CountsLive {
  readonly durable = true;
  readonly #name = randomUUID();
  readonly #byKey: (key: string) => Promise<JoinedRow | null>;
  readonly #inserts: CompiledInsert<Row>;
  #leasedUntil = 0;
  #sweptTo = '';

  constructor(private readonly database: SqlDatabase) {
    super();
    this.#byKey = database.prepare(SESSION_BY_KEY);
    this.#inserts = new CompiledInsert((row) =>
      database.db
        .insertInto('sessions')
        .values(row)
        .onConflict((conflict) => conflict.column('key').doNothing())
        .compile(),
    );
  }

  joinUsers(users: UserStore): SessionUsers | null {
    const isHere = users instanceof SqlUserStore && users.database === this.database;
    return isHere ? { find: (id, now) => this.#findWithUser(id, now) } : null;
  }

  joinCredentials(credentials: CredentialStore): SessionCredentials | null {
    const isHere = credentials instanceof SqlCredentialStore && credentials.database === this.database;
    if (!isHere) return null;
    const byKey = this.database.prepare(SESSION_WITH_VERSION);
    return { find: async (id, now) => readVersioned(await byKey(keyOf(id)), now) };
  }

  get #db(): Kysely<Schema> {
    return this.database.db;
  }

  async insert(session: StoredSession, limit?: SessionLimit, replacedId?: string): Promise<InsertResult> {
    const row = toRow(session);
    // In one transaction, two users who replace sessions of each other would wait for the rows of each other.
    const isApart =
      replacedId !== undefined && this.database.locksRows && !isTaggedFor(session.userId, replacedId);
    if (isApart) await this.end(replacedId, 'signed_out', session.createdAt);
    const replaced = isApart ? undefined : replacedId;
    const result = await (limit || replaced !== undefined
      ? this.database.exclusive(row.user_id, (transaction) =>
          this.#insertWithin(transaction, row, limit, replaced),
        )
      : this.database.write((db) => this.#insertRow(db, row)));
    if (result.outcome === 'taken') throw new Error('A session of this id is stored already.');
    return result;
  }

  async stateOf(id: string, now: Date): Promise<SessionState | null> {
    const row = await this.#byKey(keyOf(id));
    return row && readState(row, now);
  }

  /** Skips rows that cannot be read and reads on, so only the last page is shorter than the limit. */
  async findByUser(userId: string, now: Date, query = ALL_SESSIONS): Promise<StoredSession[]> {
    const { limit, after } = query;
    const found: StoredSession[] = [];
    let from = after && { created_at: after.createdAt.getTime(), key: keyOf(after.id) };
    for (let isLast = false; !isLast && found.length < limit;) {
      const wanted = Math.min(limit - found.length, ROWS_PER_PAGE);
      const rows = await this.#liveAfter(from, userId, now, query, wanted);
      isLast = rows.length < wanted;
      found.push(...rows.flatMap((row) => readableSession(toSession(row)) ?? []));
      from = rows.at(-1) ?? null;
    }
    return found;
  }

  async touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean> {
    const { numUpdatedRows } = await this.database.write((db) =>
      change(db, seenAt)
        .set({ last_seen_at: seenAt.getTime(), ...until(expiresAt) })
        .where('key', '=', keyOf(id))
        .where('last_seen_at', '<=', seenAt.getTime())
        .executeTakeFirst(),
    );
    return numUpdatedRows === 1n;
  }

  async rotate(id: string, from: string, to: string, now: Date, proof?: Proof): Promise<boolean> {
    const { numUpdatedRows } = await this.database.write((db) =>
      change(db, now)
        .set((row) => ({
          secret_hash: to,
          last_seen_at: row
            .case()
            .when('last_seen_at', '<', now.getTime())
            .then(now.getTime())
            .else(row.ref('last_seen_at'))
            .end(),
          ...(proof && {
            authenticated_at: proof.authenticatedAt.getTime(),
            proofs: proofsText(proof.proofs, proof.authenticatedAt),
            ...until(proof.expiresAt),
          }),
        }))
        .where('key', '=', keyOf(id))
        .where('secret_hash', '=', from)
        .executeTakeFirst(),
    );
    return numUpdatedRows === 1n;
  }

  async rename(id: string, label: string | null, now: Date): Promise<boolean> {
    const { numUpdatedRows } = await this.database.write((db) =>
      change(db, now).set({ label }).where('key', '=', keyOf(id)).executeTakeFirst(),
    );
    return numUpdatedRows === 1n;
  }

  async end(id: string, reason: EndReason, now: Date): Promise<boolean> {
    const { numUpdatedRows } = await this.database.write(
      (db) =>
        change(db, now).set(ended(reason, now.getTime())).where('key', '=', keyOf(id)).executeTakeFirst(),
      'ending',
    );
    return numUpdatedRows === 1n;
  }

  async endAll(userId: string, reason: EndReason, now: Date, exceptId = ''): Promise<string[]> {
    const rows = await this.database.write(
      (db) =>
        change(db, now)
          .set(ended(reason, now.getTime()))
          .where(isOf(userId))
          .where('key', '!=', keyOf(exceptId))
          .returning('key')
          .execute(),
      'ending',
    );
    return rows.map(({ key }) => idOf(key));
  }

  /** Scans in order of the key. An index by time would have to be updated on each use of a session. */
  async sweep(now: Date, limit: number): Promise<SweepStep> {
    if (!(await this.#isSweeper(now))) return { forgotten: 0, isLast: true };
    const last = await this.database.run(() =>
      this.#db
        .selectFrom('sessions')
        .select('key')
        .where('key', '>', this.#sweptTo)
        .orderBy('key')
        .offset(limit - 1)
        .limit(1)
        .executeTakeFirst(),
    );
    const { numDeletedRows } = await this.database.write(
      (db) =>
        db
          .deleteFrom('sessions')
          .where('key', '>', this.#sweptTo)
          .$if(last !== undefined, (query) => query.where('key', '<=', last!.key))
          .where('forget_at', '<=', now.getTime())
          .executeTakeFirst(),
      'ending',
    );
    this.#sweptTo = last?.key ?? '';
    return { forgotten: Number(numDeletedRows), isLast: last === undefined };
  }

  async *entries(): AsyncGenerator<SessionEntry> {
    for (
      let page = await this.#pageAfter('');
      page.length > 0;
      page = await this.#pageAfter(page.at(-1)!.key)
    )
      yield* page.flatMap((row) => readableEntry(toEntry(row)) ?? []);
  }

  /** Reads pages of rows in order of the key, as `sweep` does: an index of the live ones would be written at each use. */
  async *countLive(now: Date, limit: number): AsyncGenerator<number> {
    for (let from: string | null = ''; from !== null;) {
      const page: LivePage = await this.#countPage(now, from, limit);
      yield page.live;
      from = page.rows < limit ? null : page.last;
    }
  }

  #countPage(now: Date, from: string, limit: number): Promise<LivePage> {
    return this.database.run(() =>
      this.#db
        .selectFrom((page) =>
          page
            .selectFrom('sessions')
            .select(['key', 'ended_at', 'expires_at'])
            .where('key', '>', from)
            .orderBy('key')
            .limit(limit)
            .as('page'),
        )
        .select(({ fn }) => [
          fn
            .countAll<number>()
            .filterWhere('ended_at', 'is', null)
            .filterWhere('expires_at', '>', now.getTime())
            .as('live'),
          fn.countAll<number>().as('rows'),
          fn.max('key').as('last'),
        ])
        .executeTakeFirstOrThrow(),
    );
  }

  async #findWithUser(id: string, now: Date): Promise<SessionUser | null> {
    const row = await this.#byKey(keyOf(id));
    const state = row && readState(row, now);
    const user = state && ownerOf(row);
    return state && { ...state, owner: user && identityOf(user) };
  }

  async #insertRow(db: Kysely<Schema>, row: Row): Promise<InsertResult | typeof TAKEN> {
    return (await this.#inserts.insert(db, row)) ? { outcome: 'inserted', evicted: [] } : TAKEN;
  }

  /** Inserts the row first: on SQLite that takes the write lock before the other sessions are read. */
  async #insertWithin(
    db: Transaction<Schema>,
    row: Row,
    limit: SessionLimit | undefined,
    replacedId: string | undefined,
  ): Promise<InsertResult | typeof TAKEN> {
    const result = await this.#insertRow(db, row);
    if (result.outcome === 'taken') return result;
    if (replacedId !== undefined)
      await change(db, new Date(row.created_at))
        .set(ended('signed_out', row.created_at))
        .where('key', '=', keyOf(replacedId))
        .execute();
    return limit ? makeRoom(db, row, limit, result) : result;
  }

  #pageAfter(key: string): Promise<Row[]> {
    return this.database.run(() =>
      this.#db
        .selectFrom('sessions')
        .selectAll()
        .where('key', '>', key)
        .orderBy('key')
        .limit(ROWS_PER_PAGE)
        .execute(),
    );
  }

  /** Takes or extends the lease; false while another process has it. */
  async #isSweeper(now: Date): Promise<boolean> {
    const left = this.#leasedUntil - now.getTime();
    if (left > SWEEP_LEASE / 2 && left <= SWEEP_LEASE) return true;
    const lease = { holder: this.#name, until: now.getTime() + SWEEP_LEASE };
    const { numInsertedOrUpdatedRows } = await this.database.write((db) =>
      db
        .insertInto('sweep_lease')
        .values({ subject: 'sessions', ...lease })
        .onConflict((conflict) =>
          conflict
            .column('subject')
            .doUpdateSet(lease)
            .where((or) =>
              or.or([
                or('sweep_lease.holder', '=', this.#name),
                or('sweep_lease.until', '<=', now.getTime()),
                or('sweep_lease.until', '>', now.getTime() + LONGEST_LEASE),
              ]),
            ),
        )
        .executeTakeFirst(),
    );
    this.#leasedUntil = numInsertedOrUpdatedRows === 1n ? lease.until : 0;
    return this.#leasedUntil > 0;
  }

  /** Uses the index `sessions_by_sign_in`, which also contains the kind. */
  #liveAfter(
    from: Pick<Row, 'created_at' | 'key'> | null,
    userId: string,
    now: Date,
    { kind, credentialVersion }: SessionQuery,
    limit: number,
  ): Promise<SessionRow[]> {
    return this.database.run(() =>
      this.#db
        .selectFrom('sessions')
        .select(SESSION_COLUMNS)
        .where('user_id', '=', userId)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', now.getTime())
        .$if(kind !== null, (rows) => rows.where('kind', '=', kind!))
        .$if(credentialVersion !== null, (rows) => rows.where('credential_version', '=', credentialVersion!))
        .$if(from !== null, (rows) =>
          rows.where(({ eb, refTuple, tuple }) =>
            eb(refTuple('created_at', 'key'), '<', tuple(from!.created_at, from!.key)),
          ),
        )
        .orderBy('created_at', 'desc')
        .orderBy('key', 'desc')
        .limit(limit)
        .execute(),
    );
  }
}

/** The condition of the partial index `sessions_without_tag`, written the same so that the index is used. */
const IS_WITHOUT_TAG = sql<boolean>`without_tag = 1`;

/** Matches the sessions of a user: adjacent keys with the tag of the user, and keys without a tag. */
function isOf(userId: string) {
  const tag = userTag(userId);
  return ({ and, or, eb, between }: ExpressionBuilder<Schema, 'sessions'>) =>
    or([
      and([between('key', tag, `${tag}~`), eb('user_id', '=', userId)]),
      and([IS_WITHOUT_TAG, eb('user_id', '=', userId)]),
    ]);
}

function isLive({ ended_at, expires_at }: SessionRow, now: Date): boolean {
  return ended_at === null && now.getTime() < expires_at;
}

function readVersioned(row: VersionedRow | null, now: Date): SessionCredential | null {
  const state = row && readState(row, now);
  if (!state) return null;
  const stored = row.stored_version;
  return { ...state, version: stored === null ? FIRST_VERSION : readVersion(stored, state.session.userId) };
}

function ownerOf(row: JoinedRow): User | null {
  if (row.owner_id === null) return null;
  return readUser({
    id: row.owner_id,
    email: row.owner_email,
    first_name: row.owner_first_name,
    last_name: row.owner_last_name,
    role: row.owner_role,
    disabled: row.owner_disabled,
    credential_version: row.owner_credential_version,
    created_at: row.owner_created_at,
    updated_at: row.owner_updated_at,
    email_verified_at: row.owner_email_verified_at,
  });
}

const TAKEN = { outcome: 'taken' } as const;

/** An update of live sessions only. */
function change(db: Kysely<Schema>, now: Date) {
  return db.updateTable('sessions').where('ended_at', 'is', null).where('expires_at', '>', now.getTime());
}

async function makeRoom(
  db: Transaction<Schema>,
  row: Row,
  { max, policy }: SessionLimit,
  result: InsertResult,
): Promise<InsertResult> {
  const rows = await db
    .selectFrom('sessions')
    .select(SESSION_COLUMNS)
    .where(isOf(row.user_id))
    .where('key', '!=', row.key)
    .where('credential_version', '>=', row.credential_version)
    .where('kind', row.kind === 'access_token' ? '=' : '!=', 'access_token')
    .where('ended_at', 'is', null)
    .where('expires_at', '>', row.created_at)
    .orderBy('created_at')
    .orderBy('key')
    .execute();
  const rivals = rows.filter((rival) => readableSession(toSession(rival)));
  const excess = rivals.length + 1 - max;
  if (excess <= 0) return result;
  if (policy === 'refuse') {
    await db.deleteFrom('sessions').where('key', '=', row.key).execute();
    return { outcome: 'refused' };
  }
  const oldest = rivals.slice(0, excess).map(({ key }) => key);
  const given = await db
    .updateTable('sessions')
    .set(ended('evicted', row.created_at))
    .where('key', 'in', oldest)
    .where('ended_at', 'is', null)
    .returning('key')
    .execute();
  const evicted = new Set(given.map(({ key }) => key));
  return { outcome: 'inserted', evicted: oldest.filter((key) => evicted.has(key)).map(idOf) };
}

function until(expiresAt: Date) {
  return { expires_at: expiresAt.getTime(), forget_at: expiresAt.getTime() + ENDING_KEPT_FOR };
}

function ended(reason: EndReason, at: number) {
  return { ended_at: at, end_reason: reason, forget_at: at + ENDING_KEPT_FOR };
}

function toRow({ client, ...session }: StoredSession): Row {
  return {
    key: keyOf(session.id),
    user_id: session.userId,
    secret_hash: session.secretHash,
    credential_version: session.credentialVersion,
    created_at: session.createdAt.getTime(),
    authenticated_at: session.authenticatedAt.getTime(),
    last_seen_at: session.lastSeenAt.getTime(),
    ...until(session.expiresAt),
    ended_at: null,
    end_reason: null,
    ip: client.ip,
    user_agent: client.userAgent,
    kind: session.kind,
    transport: session.transport,
    scope: session.scope,
    label: session.label,
    proofs: proofsText(session.proofs, session.authenticatedAt),
    without_tag: isTaggedFor(session.userId, session.id) ? null : 1,
  };
}

function toSession(row: SessionRow): StoredSession {
  const authenticatedAt = new Date(row.authenticated_at);
  return {
    id: idOf(row.key),
    userId: row.user_id,
    kind: row.kind,
    transport: row.transport,
    scope: row.scope,
    label: row.label,
    secretHash: row.secret_hash,
    credentialVersion: row.credential_version,
    createdAt: new Date(row.created_at),
    authenticatedAt,
    proofs: proofsIn(row.proofs, authenticatedAt),
    lastSeenAt: new Date(row.last_seen_at),
    expiresAt: new Date(row.expires_at),
    client: { ip: row.ip, userAgent: row.user_agent },
  };
}

function toEntry(row: Row): SessionEntry {
  const { ended_at, end_reason } = row;
  const ended = ended_at === null ? null : { reason: end_reason as EndReason, at: new Date(ended_at) };
  return { session: toSession(row), ended };
}

/** Null for a row that cannot be read, and for a session that ended more than a day ago. */
function readState(row: SessionRow, now: Date): SessionState | null {
  if (isLive(row, now)) {
    const session = readableSession(toSession(row));
    return session && { session, ending: null };
  }
  if (row.forget_at <= now.getTime()) return null;
  const ending = readableEnding({
    session: toSession(row),
    reason: (row.end_reason as EndReason | null) ?? 'expired',
    at: new Date(row.ended_at ?? row.expires_at),
  });
  if (!ending) return null;
  const { session, reason, at } = ending;
  return { session, ending: { reason, at } };
}
