import type { Kysely, Selectable, Transaction } from 'kysely';
import type { OutboxMail } from '../../mail/outbox-mail.js';
import { ADMIN, type Credential, type User, emailKey, fullNameKeys, spellingKey } from '../../users/user.js';
import type { UserPage, UserPosition, UserQuery } from '../../users/user-query.js';
import {
  type UserChanges,
  type UserRemoval,
  UserStore,
  type UserUpdate,
  revokesAdmin,
  verificationAfter,
} from '../../users/user-store.js';
import { readableUser } from '../readable.js';
import { changeWithMails, insertMails } from './mail-rows.js';
import type { Schema } from './schema.js';
import type { LookUp, SqlDatabase } from './sql.database.js';
import { type FoundRow, type SearchEffort, USUAL_EFFORT, findUsers } from './user-search.js';

type Row = Selectable<Schema['users']>;

/** All columns of a user except the password hash, which only credentials have. */
export const USER_COLUMNS = [
  'id',
  'email',
  'first_name',
  'last_name',
  'role',
  'disabled',
  'credential_version',
  'created_at',
  'updated_at',
  'email_verified_at',
] as const satisfies readonly (keyof Row)[];

export type UserRow = Pick<Row, (typeof USER_COLUMNS)[number]>;

type CredentialRow = UserRow & Pick<Row, 'email_key' | 'password_hash'>;

const USER_BY_ID: LookUp<UserRow> = {
  name: 'user',
  select: (table) => `select ${USER_COLUMNS.join(', ')} from ${table('users')}`,
  column: 'id',
  key: 'id',
};

const CREDENTIAL_BY_ADDRESS: LookUp<CredentialRow> = {
  name: 'credential',
  select: (table) => `select ${USER_COLUMNS.join(', ')}, email_key, password_hash from ${table('users')}`,
  column: 'email_key',
  key: 'email_key',
};

const CREDENTIAL_BY_ID: LookUp<CredentialRow> = {
  ...CREDENTIAL_BY_ADDRESS,
  name: 'credential_by_id',
  column: 'id',
  key: 'id',
};

/** Rows per query of a long list. */
const ROWS_PER_PAGE = 1000;

/** The subject of transactions that change or remove users. */
const ADMINISTRATORS = 'administrators';

/** Users in a table, unique by the normal form of their e-mail address. */
export class SqlUserStore extends UserStore {
  readonly #byId: (id: string) => Promise<UserRow | null>;
  readonly #byAddress: (key: string) => Promise<CredentialRow | null>;
  readonly #withHash: (id: string) => Promise<CredentialRow | null>;

  constructor(
    readonly database: SqlDatabase,
    private readonly searchEffort: SearchEffort = USUAL_EFFORT,
  ) {
    super();
    this.#byId = database.prepare(USER_BY_ID);
    this.#byAddress = database.prepare(CREDENTIAL_BY_ADDRESS);
    this.#withHash = database.prepare(CREDENTIAL_BY_ID);
  }

  get #db(): Kysely<Schema> {
    return this.database.db;
  }

  async insert(user: User, passwordHash: string, mails: readonly OutboxMail[] = []): Promise<boolean> {
    const row = toRow(user, passwordHash);
    return changeWithMails(this.database, row.email_key, mails, (db) => insertRow(db, row));
  }

  async insertFirst(user: User, passwordHash: string, mails: readonly OutboxMail[] = []): Promise<boolean> {
    return this.database.exclusive('first user', async (transaction) => {
      const someone = await transaction.selectFrom('users').select('id').limit(1).executeTakeFirst();
      const isInserted = !someone && (await insertRow(transaction, toRow(user, passwordHash)));
      if (isInserted) await insertMails(transaction, mails);
      return isInserted;
    });
  }

  async find(id: string): Promise<User | null> {
    const row = await this.#byId(id);
    return row && readUser(row);
  }

  /** Tries the given spelling first. Migration 008 may have left two accounts with one address in two spellings. */
  async findCredential(email: string): Promise<Credential | null> {
    for (const key of new Set([spellingKey(email), emailKey(email)])) {
      const row = await this.#byAddress(key);
      const credential = row && readCredential(row);
      if (credential) return credential;
    }
    return null;
  }

  async findCredentialById(id: string): Promise<Credential | null> {
    const row = await this.#withHash(id);
    return row && readCredential(row);
  }

  /** Skips rows that cannot be read and reads on. A page is shorter than the limit if the search stopped. */
  async list(query: UserQuery): Promise<UserPage> {
    const { limit, after } = query;
    const found: { readonly row: FoundRow; readonly user: User }[] = [];
    let from = after && { key: after.key, created_at: after.createdAt.getTime(), id: after.id };
    for (let isFull = true; isFull && found.length <= limit;) {
      const wanted = Math.min(limit + 1 - found.length, ROWS_PER_PAGE);
      const { rows, stop } = await this.database.run(() =>
        findUsers(this.#db, query, from, wanted, this.searchEffort),
      );
      const users = await this.#read(rows);
      for (const row of rows) {
        const user = users.get(row.id);
        if (user) found.push({ row, user });
      }
      from = stop;
      isFull = stop !== null && (rows.length === wanted || !isPosition(stop));
    }
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1)!.row : from;
    return { users: page.map(({ user }) => user), next: last && positionOf(last) };
  }

  async count(): Promise<number> {
    const { users } = await this.database.run(() =>
      this.#db
        .selectFrom('users')
        .select(({ fn }) => fn.countAll<number>().as('users'))
        .executeTakeFirstOrThrow(),
    );
    return users;
  }

  async update(
    id: string,
    changes: UserChanges,
    now: Date,
    adminRole = ADMIN,
    mails: readonly OutboxMail[] = [],
  ): Promise<UserUpdate> {
    const revokes = revokesAdmin(changes, adminRole);
    return this.database.exclusive(
      ADMINISTRATORS,
      async (transaction) => {
        if (revokes && (await isLastAdmin(transaction, id, adminRole))) return { outcome: 'last_admin' };
        const update = await updateRow(transaction, id, changes, now);
        if (update.outcome === 'updated') await insertMails(transaction, mails);
        return update;
      },
      revokes ? 'ending' : 'other',
    );
  }

  async replacePassword(
    id: string,
    version: number,
    hash: string,
    now: Date,
    mails: readonly OutboxMail[] = [],
  ): Promise<User | null> {
    const row = await changeWithMails(
      this.database,
      id,
      mails,
      (db) =>
        db
          .updateTable('users')
          .set({ password_hash: hash, credential_version: version + 1, updated_at: now.getTime() })
          .where('id', '=', id)
          .where('credential_version', '=', version)
          .returning(USER_COLUMNS)
          .executeTakeFirst(),
      'ending',
    );
    return row ? readUser(row) : null;
  }

  async revoke(id: string, now: Date): Promise<User | null> {
    const row = await this.database.write(
      (db) =>
        db
          .updateTable('users')
          .set((user) => ({
            credential_version: user('credential_version', '+', 1),
            updated_at: now.getTime(),
          }))
          .where('id', '=', id)
          .where(({ between }) => between('credential_version', 0, Number.MAX_SAFE_INTEGER - 1))
          .returning(USER_COLUMNS)
          .executeTakeFirst(),
      'ending',
    );
    return row ? readUser(row) : null;
  }

  async upgradeHash(id: string, from: string, to: string): Promise<boolean> {
    const { numUpdatedRows } = await this.database.write((db) =>
      db
        .updateTable('users')
        .set({ password_hash: to })
        .where('id', '=', id)
        .where('password_hash', '=', from)
        .executeTakeFirst(),
    );
    return numUpdatedRows === 1n;
  }

  async remove(id: string, adminRole = ADMIN): Promise<UserRemoval> {
    return this.database.exclusive(
      ADMINISTRATORS,
      async (transaction) => {
        if (await isLastAdmin(transaction, id, adminRole)) return 'last_admin';
        const { numDeletedRows } = await transaction
          .deleteFrom('users')
          .where('id', '=', id)
          .executeTakeFirst();
        return numDeletedRows === 1n ? 'removed' : 'not_found';
      },
      'ending',
    );
  }

  async #read(found: readonly FoundRow[]): Promise<Map<string, User>> {
    if (found.length === 0) return new Map();
    const ids = found.map(({ id }) => id);
    const rows = await this.database.run(() =>
      this.#db.selectFrom('users').select(USER_COLUMNS).where('id', 'in', ids).execute(),
    );
    return new Map(
      rows.flatMap((row): [string, User][] => {
        const user = readUser(row);
        return user ? [[user.id, user]] : [];
      }),
    );
  }
}

function positionOf({ key, created_at, id }: FoundRow): UserPosition {
  return { key, createdAt: new Date(created_at), id };
}

/** Whether a cursor can be made of a place. A row that cannot be read may have another value than a time. */
function isPosition(place: FoundRow): boolean {
  return Number.isInteger(place.created_at) && !Number.isNaN(positionOf(place).createdAt.getTime());
}

async function updateRow(
  db: Transaction<Schema>,
  id: string,
  changes: UserChanges,
  now: Date,
): Promise<UserUpdate> {
  const { email } = changes;
  const row = await db.selectFrom('users').select(USER_COLUMNS).where('id', '=', id).executeTakeFirst();
  const before = row ? readUser(row) : null;
  if (before && email !== undefined && (await isTaken(db, email, id))) return { outcome: 'email_taken' };
  if (!before) return { outcome: 'not_found' };
  const { firstName = before.firstName, lastName = before.lastName } = changes;
  const names = fullNameKeys({ firstName, lastName });
  const verifiedAt = verificationAfter(before, changes);
  const after = await db
    .updateTable('users')
    .set((user) => ({
      email,
      email_key: email === undefined ? undefined : emailKey(email),
      first_name: changes.firstName,
      last_name: changes.lastName,
      by_last_name: names.byLastName,
      by_first_name: names.byFirstName,
      role: changes.role,
      disabled: changes.disabled === undefined ? undefined : Number(changes.disabled),
      credential_version: changes.disabled ? user('credential_version', '+', 1) : undefined,
      updated_at: now.getTime(),
      email_verified_at: verifiedAt === undefined ? undefined : (verifiedAt?.getTime() ?? null),
    }))
    .where('id', '=', id)
    .returning(USER_COLUMNS)
    .executeTakeFirst();
  return after ? { outcome: 'updated', before, after: toUser(after) } : { outcome: 'not_found' };
}

/** Whether another user has the address. */
async function isTaken(db: Transaction<Schema>, email: string, id: string): Promise<boolean> {
  const other = await db
    .selectFrom('users')
    .select('id')
    .where('email_key', '=', emailKey(email))
    .where('id', '!=', id)
    .executeTakeFirst();
  return other !== undefined;
}

/** Whether the user is the only administrator who is not disabled. */
async function isLastAdmin(db: Transaction<Schema>, id: string, adminRole: string): Promise<boolean> {
  const admins = await db
    .selectFrom('users')
    .select('id')
    .where('disabled', '=', 0)
    .where('role', '=', adminRole)
    .limit(2)
    .execute();
  return admins.length === 1 && admins[0]?.id === id;
}

async function insertRow(db: Kysely<Schema>, row: Row): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('users')
    .values(row)
    .onConflict((conflict) => conflict.column('email_key').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

function toRow(user: User, passwordHash: string): Row {
  const names = fullNameKeys(user);
  return {
    id: user.id,
    email: user.email,
    email_key: emailKey(user.email),
    first_name: user.firstName,
    last_name: user.lastName,
    by_last_name: names.byLastName,
    by_first_name: names.byFirstName,
    role: user.role,
    disabled: Number(user.disabled),
    password_hash: passwordHash,
    credential_version: user.credentialVersion,
    created_at: user.createdAt.getTime(),
    updated_at: user.updatedAt.getTime(),
    email_verified_at: user.emailVerifiedAt?.getTime() ?? null,
  };
}

/** The user of a row; null, with a line in the log, if the row is not valid. */
export function readUser(row: UserRow): User | null {
  return readableUser(toUser(row));
}

function readCredential(row: CredentialRow): Credential | null {
  const user = readUser(row);
  return user && { user, passwordHash: row.password_hash };
}

function toUser(row: UserRow): User {
  return {
    id: row.id,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    role: row.role,
    disabled: row.disabled !== 0,
    credentialVersion: row.credential_version,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    emailVerifiedAt: row.email_verified_at === null ? null : new Date(row.email_verified_at),
  };
}
