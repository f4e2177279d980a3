import type { Kysely, Selectable } from 'kysely';
import { type FactorEntry, FactorStore } from '../../factors/factor-store.js';
import type { OutboxMail } from '../../mail/outbox-mail.js';
import { changeWithMails } from './mail-rows.js';
import type { Schema } from './schema.js';
import type { LookUp, SqlDatabase } from './sql.database.js';

type FactorRow = Selectable<Schema['factors']>;

const FACTORS_BY_USER: LookUp<FactorRow> = {
  name: 'factors_by_user',
  select: (table) => `select user_id, handle, factors from ${table('factors')}`,
  column: 'user_id',
  key: 'user_id',
};

/** Second factors in a table, under the ids of the users. */
export class SqlFactorStore extends FactorStore {
  readonly #byUser: (userId: string) => Promise<FactorRow | null>;

  constructor(readonly database: SqlDatabase) {
    super();
    this.#byUser = database.prepare(FACTORS_BY_USER);
  }

  async find(userId: string): Promise<FactorEntry | null> {
    const row = await this.#byUser(userId);
    return row && { handle: row.handle, text: row.factors };
  }

  async ownerOf(handle: string): Promise<string | null> {
    const row = await this.database.run(() =>
      this.database.db
        .selectFrom('factors')
        .select('user_id')
        .where('handle', '=', handle)
        .executeTakeFirst(),
    );
    return row?.user_id ?? null;
  }

  swap(
    userId: string,
    from: string | null,
    to: FactorEntry | null,
    mails: readonly OutboxMail[] = [],
  ): Promise<boolean> {
    const purpose = to ? undefined : 'ending';
    return changeWithMails(this.database, userId, mails, (db) => swapIn(db, userId, from, to), purpose);
  }
}

async function swapIn(
  db: Kysely<Schema>,
  userId: string,
  from: string | null,
  to: FactorEntry | null,
): Promise<boolean> {
  if (from === null) {
    if (!to) return false;
    const inserted = await db
      .insertInto('factors')
      .values({ user_id: userId, handle: to.handle, factors: to.text })
      .onConflict((conflict) => conflict.column('user_id').doNothing())
      .executeTakeFirst();
    return inserted.numInsertedOrUpdatedRows === 1n;
  }
  if (!to) {
    const deleted = await db
      .deleteFrom('factors')
      .where('user_id', '=', userId)
      .where('factors', '=', from)
      .executeTakeFirst();
    return deleted.numDeletedRows === 1n;
  }
  const updated = await db
    .updateTable('factors')
    .set({ handle: to.handle, factors: to.text })
    .where('user_id', '=', userId)
    .where('factors', '=', from)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}
