import { type ExpressionBuilder, type Kysely, type Selectable, sql } from 'kysely';
import { StoreUnavailableError } from '../../common/domain-error.js';
import type { OutboxMail } from '../../mail/outbox-mail.js';
import { CredentialStore, FIRST_VERSION, type StoredCredential } from '../../users/credential-store.js';
import { readableCredential } from '../readable.js';
import { changeWithMails } from './mail-rows.js';
import type { Schema } from './schema.js';
import type { LookUp, SqlDatabase } from './sql.database.js';

type CredentialRow = Pick<Selectable<Schema['credentials']>, 'user_id' | 'password_hash' | 'version'>;

const COLUMNS = ['user_id', 'password_hash', 'version'] as const satisfies readonly (keyof CredentialRow)[];

const CREDENTIAL_BY_USER: LookUp<CredentialRow> = {
  name: 'credential_by_user',
  select: (table) => `select ${COLUMNS.join(', ')} from ${table('credentials')}`,
  column: 'user_id',
  key: 'user_id',
};

/** Credentials in a table, under the ids of the application's users. */
export class SqlCredentialStore extends CredentialStore {
  readonly #byUser: (userId: string) => Promise<CredentialRow | null>;

  constructor(readonly database: SqlDatabase) {
    super();
    this.#byUser = database.prepare(CREDENTIAL_BY_USER);
  }

  async find(userId: string): Promise<StoredCredential | null> {
    const row = await this.#byUser(userId);
    return row && readCredential(row);
  }

  async adopt(userId: string, hash: string, now: Date): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.database.write((db) =>
      insert(db, userId, hash, FIRST_VERSION, now)
        .onConflict((conflict) =>
          conflict
            .column('user_id')
            .doUpdateSet({ password_hash: hash, updated_at: now.getTime() })
            .where('credentials.password_hash', 'is', null)
            .where(hasSoundVersion),
        )
        .executeTakeFirst(),
    );
    return numInsertedOrUpdatedRows === 1n;
  }

  async replace(
    userId: string,
    version: number,
    hash: string,
    now: Date,
    mails: readonly OutboxMail[] = [],
  ): Promise<StoredCredential | null> {
    const credential = { password_hash: hash, version: version + 1, updated_at: now.getTime() };
    const row = await changeWithMails(
      this.database,
      userId,
      mails,
      (db) =>
        version === FIRST_VERSION
          ? insert(db, userId, hash, version + 1, now)
              .onConflict((conflict) =>
                conflict.column('user_id').doUpdateSet(credential).where('credentials.version', '=', version),
              )
              .returning(COLUMNS)
              .executeTakeFirst()
          : db
              .updateTable('credentials')
              .set(credential)
              .where('user_id', '=', userId)
              .where('version', '=', version)
              .returning(COLUMNS)
              .executeTakeFirst(),
      'ending',
    );
    return row ? readCredential(row) : null;
  }

  async upgradeHash(userId: string, from: string, to: string): Promise<boolean> {
    const { numUpdatedRows } = await this.database.write((db) =>
      db
        .updateTable('credentials')
        .set({ password_hash: to })
        .where('user_id', '=', userId)
        .where('password_hash', '=', from)
        .where(hasSoundVersion)
        .executeTakeFirst(),
    );
    return numUpdatedRows === 1n;
  }

  async revoke(userId: string, now: Date): Promise<number> {
    const row = await this.database.write(
      (db) =>
        insert(db, userId, null, FIRST_VERSION + 1, now)
          .onConflict((conflict) =>
            conflict
              .column('user_id')
              .doUpdateSet({ version: sql`${sql.ref('credentials.version')} + 1`, updated_at: now.getTime() })
              .where(hasSoundVersion),
          )
          .returning('version')
          .executeTakeFirst(),
      'ending',
    );
    if (!row) throw new StoreUnavailableError(new Error('The stored version is not valid.'));
    return row.version;
  }

  async remove(userId: string): Promise<boolean> {
    const { numDeletedRows } = await this.database.write(
      (db) => db.deleteFrom('credentials').where('user_id', '=', userId).executeTakeFirst(),
      'ending',
    );
    return numDeletedRows === 1n;
  }
}

function insert(db: Kysely<Schema>, userId: string, hash: string | null, version: number, now: Date) {
  const at = now.getTime();
  return db
    .insertInto('credentials')
    .values({ user_id: userId, password_hash: hash, version, created_at: at, updated_at: at });
}

/** False for the values of other types that SQLite stores in every column: adding to one could make the version fall. */
function hasSoundVersion({ between }: ExpressionBuilder<Schema, 'credentials'>) {
  return between('credentials.version', FIRST_VERSION, Number.MAX_SAFE_INTEGER - 1);
}

/** The version of a row. Throws `StoreUnavailableError` if it is not valid. */
export function readVersion(version: number, userId: string): number {
  return readableCredential({ passwordHash: null, version }, userId).version;
}

/** The credential of a row. Throws `StoreUnavailableError` if the row is not valid. */
function readCredential(row: CredentialRow): StoredCredential {
  return readableCredential({ passwordHash: row.password_hash, version: row.version }, row.user_id);
}
