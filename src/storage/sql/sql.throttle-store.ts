import { unreadable } from '../../common/unreadable.js';
import type { Kysely } from 'kysely';
import { ThrottleStore } from '../../throttle/throttle-store.js';
import type { Schema } from './schema.js';
import type { SqlDatabase } from './sql.database.js';

/** After how many new rows those that are over are cleared, and how many of them at most. */
const CLEARANCE = { interval: 100, most: 500 };

/** Tallies as rows. */
export class SqlThrottleStore extends ThrottleStore {
  #inserted = 0;

  constructor(private readonly database: SqlDatabase) {
    super();
  }

  async read(keys: readonly string[], now: Date): Promise<(string | null)[]> {
    const rows = await this.database.ask(() =>
      this.database.db
        .selectFrom('tallies')
        .select(['key', 'text'])
        .where('key', 'in', keys)
        .where('until', '>', now.getTime())
        .execute(),
    );
    const texts = new Map<string, string | null>(rows.map(({ key, text }) => [key, text]));
    for (const { key, text } of rows)
      if (typeof text !== 'string') texts.set(key, await this.#remove(key, text));
    return keys.map((key) => texts.get(key) ?? null);
  }

  /** SQLite keeps bytes in a column of texts, too. */
  async #remove(key: string, text: string): Promise<null> {
    await this.database.write((db) =>
      db.deleteFrom('tallies').where('key', '=', key).where('text', '=', text).execute(),
    );
    return unreadable('count', key);
  }

  async swap(key: string, from: string | null, to: string, until: Date, now: Date): Promise<boolean> {
    const row = { key, text: to, until: until.getTime() };
    const isSet = await this.database.write((db) =>
      from === null ? insert(db, row, now) : update(db, row, from, now),
    );
    if (isSet && from === null) await this.#clearNowAndThen(now);
    return isSet;
  }

  async #clearNowAndThen(now: Date): Promise<void> {
    this.#inserted += 1;
    if (this.#inserted % CLEARANCE.interval !== 0) return;
    await this.database.write((db) =>
      db
        .deleteFrom('tallies')
        .where('key', 'in', (tallies) =>
          tallies
            .selectFrom('tallies')
            .select('key')
            .where('until', '<=', now.getTime())
            .limit(CLEARANCE.most),
        )
        .execute(),
    );
  }
}

/** Where no row is, or one that is over. */
async function insert(db: Kysely<Schema>, row: Schema['tallies'], now: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('tallies')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column('key')
        .doUpdateSet({ text: row.text, until: row.until })
        .where('tallies.until', '<=', now.getTime()),
    )
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

async function update(
  db: Kysely<Schema>,
  { key, text, until }: Schema['tallies'],
  from: string,
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('tallies')
    .set({ text, until })
    .where('key', '=', key)
    .where('text', '=', from)
    .where('until', '>', now.getTime())
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
