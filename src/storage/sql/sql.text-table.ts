import { type Transaction, sql } from 'kysely';
import { unreadable } from '../../common/unreadable.js';
import type { Change, TextTable } from '../../throttle/text-table.js';
import type { Schema } from './schema.js';
import type { SqlDatabase } from './sql.database.js';

/** Every `interval` new rows, up to `most` expired rows are deleted. */
const CLEARANCE = { interval: 100, most: 500 };

type Row = Schema['tallies'];

/** Texts in the table `tallies`. A change is one transaction that locks the rows of the texts it gets. */
export class SqlTextTable implements TextTable {
  #inserted = 0;

  constructor(private readonly database: SqlDatabase) {}

  async read(keys: readonly string[], now: Date): Promise<(string | null)[]> {
    const { db } = this.database;
    const rows = await this.database.run(() =>
      db
        .selectFrom('tallies')
        .selectAll()
        .where('key', 'in', keys)
        .where('until', '>', now.getTime())
        .execute(),
    );
    return textsOf(keys, rows, now);
  }

  /** `beside` is done in the same transaction. */
  async change<T>(
    subject: string,
    begin: () => Change<T>,
    now: Date,
    beside?: (outcome: T, transaction: Transaction<Schema>) => Promise<void>,
  ): Promise<T> {
    const { outcome, inserted } = await this.database.transaction(subject, async (transaction) => {
      const change = await changeWithin(transaction, begin(), now);
      await beside?.(change.outcome, transaction);
      return change;
    });
    const before = this.#inserted;
    this.#inserted += inserted;
    if (Math.floor(this.#inserted / CLEARANCE.interval) > Math.floor(before / CLEARANCE.interval))
      await this.#clear(now);
    return outcome;
  }

  async #clear(now: Date): Promise<void> {
    await this.database.write((db) => {
      const expired = db
        .selectFrom('tallies')
        .select('key')
        .where('until', '<=', now.getTime())
        .limit(CLEARANCE.most);
      // A row that a change has locked is left, or the two could wait for each other.
      const free = this.database.locksRows ? expired.forUpdate().skipLocked() : expired;
      return db.deleteFrom('tallies').where('key', 'in', free).execute();
    });
  }
}

async function changeWithin<T>(
  transaction: Transaction<Schema>,
  change: Change<T>,
  now: Date,
): Promise<{ readonly outcome: T; readonly inserted: number }> {
  const existing = new Set<string>();
  let step = change.next();
  while (!step.done) {
    const keys = step.value;
    const texts = textsOf(keys, await lock(transaction, keys), now);
    for (const [index, text] of texts.entries()) if (text !== null) existing.add(keys[index]!);
    step = change.next(texts);
  }
  const { outcome, writes } = step.value;
  const rows = writes.map(({ key, text, until }) => ({ key, text, until: until.getTime() }));
  if (rows.length > 0)
    await transaction
      .insertInto('tallies')
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({ text: sql`excluded.text`, until: sql`excluded.until` }),
      )
      .execute();
  return { outcome, inserted: rows.filter(({ key }) => !existing.has(key)).length };
}

/** Locks the rows of these keys. A missing row is inserted as an expired one, so that two transactions cannot both insert it. */
async function lock(transaction: Transaction<Schema>, keys: readonly string[]): Promise<Row[]> {
  return transaction
    .insertInto('tallies')
    .values(keys.map((key) => ({ key, text: 'new', until: 0 })))
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ key: sql`excluded.key` }))
    .returningAll()
    .execute();
}

/** The texts of keys. A value that is no text is absent: SQLite also stores bytes in a text column. */
function textsOf(keys: readonly string[], rows: readonly Row[], now: Date): (string | null)[] {
  const valid = rows.filter(({ until }) => until > now.getTime());
  const texts = new Map(
    valid.map(({ key, text }) => [key, typeof text === 'string' ? text : unreadable('count', key)]),
  );
  return keys.map((key) => texts.get(key) ?? null);
}
