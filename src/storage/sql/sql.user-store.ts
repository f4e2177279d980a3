import { type Kysely, type Selectable, type Transaction, sql } from 'kysely';
import { type Credential, type User, emailKey, spellingKey } from '../../users/user.js';
import {
  type UserChanges,
  type UserPosition,
  type UserRemoval,
  UserStore,
  type UserUpdate,
  revokesAdmin,
} from '../../users/user-store.js';
import { readableUser } from '../readable.js';
import type { Schema } from './schema.js';
import type { LookUp, SqlDatabase } from './sql.database.js';

type Row = Selectable<Schema['users']>;

/** All of a user but the hash, which leaves the database only to be verified against. */
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
] as const satisfies readonly (keyof Row)[];

export type UserRow = Pick<Row, (typeof USER_COLUMNS)[number]>;

type CredentialRow = UserRow & Pick<Row, 'email_key' | 'password_hash'>;

const USER_BY_ID: LookUp<UserRow> = {
  name: 'user',
  select: `select ${USER_COLUMNS.join(', ')} from users`,
  column: 'id',
  key: 'id',
};

const CREDENTIAL_BY_ADDRESS: LookUp<CredentialRow> = {
  name: 'credential',
  select: `select ${USER_COLUMNS.join(', ')}, email_key, password_hash from users`,
  column: 'email_key',
  key: 'email_key',
};

/** What transactions that take administrators away or change addresses are alone on. */
const ADMINISTRATORS = 'administrators';

/** In the words of the index `administrators`, so that it serves. */
const IS_ADMIN = sql<boolean>`role = 'admin' and disabled = 0`;

/** Users as rows, unique by the normal form of their address. */
export class SqlUserStore extends UserStore {
  readonly #byId: (id: string) => Promise<UserRow | null>;
  readonly #byAddress: (key: string) => Promise<CredentialRow | null>;

  constructor(readonly database: SqlDatabase) {
    super();
    this.#byId = database.prepare(USER_BY_ID);
    this.#byAddress = database.prepare(CREDENTIAL_BY_ADDRESS);
  }

  get #db(): Kysely<Schema> {
    return this.database.db;
  }

  async insert(user: User, passwordHash: string): Promise<boolean> {
    return this.database.write((db) => insertRow(db, toRow(user, passwordHash)));
  }

  async insertFirst(user: User, passwordHash: string): Promise<boolean> {
    return this.database.alone('first user', async (transaction) => {
      const someone = await transaction.selectFrom('users').select('id').limit(1).executeTakeFirst();
      return !someone && (await insertRow(transaction, toRow(user, passwordHash)));
    });
  }

  async find(id: string): Promise<User | null> {
    const row = await this.#byId(id);
    return row && readUser(row);
  }

  /** Of two accounts that migration 008 found under two spellings of one address, each is found by its own spelling. */
  async findCredential(email: string): Promise<Credential | null> {
    for (const key of new Set([spellingKey(email), emailKey(email)])) {
      const row = await this.#byAddress(key);
      const user = row && readUser(row);
      if (user) return { user, passwordHash: row.password_hash };
    }
    return null;
  }

  /** Rows that cannot be read are passed over, so a page is short at the end alone. */
  async list(limit: number, after: UserPosition | null): Promise<User[]> {
    const users: User[] = [];
    let from = after && { created_at: after.createdAt.getTime(), id: after.id };
    for (let isLast = false; !isLast && users.length < limit;) {
      const rows = await this.#rowsAfter(from, limit - users.length);
      isLast = rows.length < limit - users.length;
      users.push(...rows.flatMap((row) => readUser(row) ?? []));
      from = rows.at(-1) ?? null;
    }
    return users;
  }

  async count(): Promise<number> {
    const { users } = await this.database.ask(() =>
      this.#db
        .selectFrom('users')
        .select(({ fn }) => fn.countAll<number>().as('users'))
        .executeTakeFirstOrThrow(),
    );
    return users;
  }

  async update(id: string, changes: UserChanges, now: Date): Promise<UserUpdate> {
    return this.database.alone(
      ADMINISTRATORS,
      async (transaction) =>
        revokesAdmin(changes) && (await isLastAdmin(transaction, id))
          ? { outcome: 'last_admin' }
          : updateRow(transaction, id, changes, now),
      revokesAdmin(changes) ? 'ending' : 'other',
    );
  }

  async replacePassword(id: string, version: number, hash: string, now: Date): Promise<User | null> {
    const row = await this.database.write(
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

  async remove(id: string): Promise<UserRemoval> {
    return this.database.alone(
      ADMINISTRATORS,
      async (transaction) => {
        if (await isLastAdmin(transaction, id)) return 'last_admin';
        const { numDeletedRows } = await transaction
          .deleteFrom('users')
          .where('id', '=', id)
          .executeTakeFirst();
        return numDeletedRows === 1n ? 'removed' : 'not_found';
      },
      'ending',
    );
  }

  #rowsAfter(from: Pick<Row, 'created_at' | 'id'> | null, limit: number): Promise<UserRow[]> {
    return this.database.ask(() =>
      this.#db
        .selectFrom('users')
        .select(USER_COLUMNS)
        .$if(from !== null, (users) =>
          users.where(({ eb, refTuple, tuple }) =>
            eb(refTuple('created_at', 'id'), '>', tuple(from!.created_at, from!.id)),
          ),
        )
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
  }
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
  const after = await db
    .updateTable('users')
    .set((user) => ({
      email,
      email_key: email === undefined ? undefined : emailKey(email),
      first_name: changes.firstName,
      last_name: changes.lastName,
      role: changes.role,
      disabled: changes.disabled === undefined ? undefined : Number(changes.disabled),
      credential_version: changes.disabled ? user('credential_version', '+', 1) : undefined,
      updated_at: now.getTime(),
    }))
    .where('id', '=', id)
    .returning(USER_COLUMNS)
    .executeTakeFirst();
  return after ? { outcome: 'updated', before, after: toUser(after) } : { outcome: 'not_found' };
}

/** Whether the address is another user's. */
async function isTaken(db: Transaction<Schema>, email: string, id: string): Promise<boolean> {
  const other = await db
    .selectFrom('users')
    .select('id')
    .where('email_key', '=', emailKey(email))
    .where('id', '!=', id)
    .executeTakeFirst();
  return other !== undefined;
}

/** Whether this is the administrator besides whom nobody is left who may sign in as one. */
async function isLastAdmin(db: Transaction<Schema>, id: string): Promise<boolean> {
  const admins = await db.selectFrom('users').select('id').where(IS_ADMIN).limit(2).execute();
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
  return {
    id: user.id,
    email: user.email,
    email_key: emailKey(user.email),
    first_name: user.firstName,
    last_name: user.lastName,
    role: user.role,
    disabled: Number(user.disabled),
    password_hash: passwordHash,
    credential_version: user.credentialVersion,
    created_at: user.createdAt.getTime(),
    updated_at: user.updatedAt.getTime(),
  };
}

/** The user of a row, or null, and a note in the log, where it is not one of ours. */
export function readUser(row: UserRow): User | null {
  return readableUser(toUser(row));
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
  };
}
