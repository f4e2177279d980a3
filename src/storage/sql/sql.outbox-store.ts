import type { Kysely, Transaction } from 'kysely';
import { NEVER } from '../../common/clock.js';
import type { OutboxMail } from '../../mail/outbox-mail.js';
import { type MailState, OutboxStore, type StoredMail } from '../../mail/outbox-store.js';
import { boundedError } from '../mail-bounds.js';
import { type MailRow, insertMails, readMail } from './mail-rows.js';
import type { Schema } from './schema.js';
import { SqlCredentialStore } from './sql.credential-store.js';
import type { SqlDatabase } from './sql.database.js';
import { SqlFactorStore } from './sql.factor-store.js';
import { SqlTokenStore } from './sql.token-store.js';
import { SqlUserStore } from './sql.user-store.js';

/** The subject of the lease and of the transactions that take it. */
const OUTBOX = 'outbox';

/** Milliseconds. A lease that ends later than this from now is ignored: a wrong clock has written it. */
const LONGEST_LEASE = 600_000;

/** Rows per query after a first page with rows that cannot be read. */
const ROWS_PER_PAGE = 500;

/** Mails in a table. One process at a time sends them: the one that has the lease. */
export class SqlOutboxStore extends OutboxStore {
  constructor(private readonly database: SqlDatabase) {
    super();
  }

  joins(store: object): boolean {
    const takesMails =
      store instanceof SqlUserStore ||
      store instanceof SqlCredentialStore ||
      store instanceof SqlTokenStore ||
      store instanceof SqlFactorStore;
    return takesMails && store.database === this.database;
  }

  async add(mails: readonly OutboxMail[]): Promise<void> {
    if (mails.length > 0) await this.database.write((db) => insertMails(db, mails));
  }

  /** Only reads if no mail is due, so that a server without mails writes nothing. */
  async claim(holder: string, now: Date, until: Date, limit: number): Promise<StoredMail[] | null> {
    const due = await this.database.run(() =>
      this.database.db
        .selectFrom('outbox')
        .select('id')
        .where('next_at', '<=', now.getTime())
        .limit(1)
        .executeTakeFirst(),
    );
    if (!due) return [];
    return this.database.transaction(OUTBOX, async (transaction) =>
      (await takeLease(transaction, holder, now, until))
        ? firstReadable(limit, (last, size) => dueAfter(transaction, now, last, size))
        : null,
    );
  }

  async release(holder: string): Promise<void> {
    await this.database.write(
      (db) =>
        db.deleteFrom('sweep_lease').where('subject', '=', OUTBOX).where('holder', '=', holder).execute(),
      'ending',
    );
  }

  async remove(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.database.write(
      (db) => db.deleteFrom('outbox').where('id', '=', id).executeTakeFirst(),
      'ending',
    );
    return numDeletedRows === 1n;
  }

  async postpone(id: string, nextAt: Date | null, error: string): Promise<boolean> {
    const { numUpdatedRows } = await this.database.write((db) =>
      db
        .updateTable('outbox')
        .set((row) => ({
          attempts: row('attempts', '+', 1),
          next_at: nextAt?.getTime() ?? null,
          error: boundedError(error),
        }))
        .where('id', '=', id)
        .executeTakeFirst(),
    );
    return numUpdatedRows === 1n;
  }

  async retry(id: string | null, now: Date): Promise<number> {
    const { numUpdatedRows } = await this.database.write((db) =>
      db
        .updateTable('outbox')
        .set({ attempts: 0, next_at: now.getTime() })
        .$if(id !== null, (rows) => rows.where('id', '=', id!))
        .$if(id === null, (rows) => rows.where('next_at', 'is', null))
        .executeTakeFirst(),
    );
    return Number(numUpdatedRows);
  }

  async list(state: MailState, limit: number, after: string | null): Promise<StoredMail[]> {
    return firstReadable(limit, (last, size) => {
      const from = last?.id ?? after;
      return this.database.run(() =>
        this.#inState(state)
          .selectAll()
          .$if(from !== null, (rows) => rows.where('id', '>', from!))
          .orderBy('id')
          .limit(size)
          .execute(),
      );
    });
  }

  async count(state: MailState): Promise<number> {
    const { mails } = await this.database.run(() =>
      this.#inState(state)
        .select(({ fn }) => fn.countAll<number>().as('mails'))
        .executeTakeFirstOrThrow(),
    );
    return mails;
  }

  /** Also deletes rows whose date cannot be read. */
  async forget(before: Date, limit: number): Promise<number> {
    const { numDeletedRows } = await this.database.write(
      (db) =>
        db
          .deleteFrom('outbox')
          .where('id', 'in', (mails) =>
            mails
              .selectFrom('outbox')
              .select('id')
              .where(({ or, eb }) =>
                or([eb('created_at', '<', before.getTime()), eb('created_at', '>', NEVER.getTime())]),
              )
              .orderBy('id')
              .limit(limit),
          )
          .executeTakeFirst(),
      'ending',
    );
    return Number(numDeletedRows);
  }

  #inState(state: MailState) {
    return this.database.db
      .selectFrom('outbox')
      .$if(state === 'waiting', (rows) => rows.where('next_at', 'is not', null))
      .$if(state === 'failed', (rows) => rows.where('next_at', 'is', null));
  }
}

/** Takes or renews the lease; false while another process has it. */
async function takeLease(db: Kysely<Schema>, holder: string, now: Date, until: Date): Promise<boolean> {
  const lease = { holder, until: until.getTime() };
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('sweep_lease')
    .values({ subject: OUTBOX, ...lease })
    .onConflict((conflict) =>
      conflict
        .column('subject')
        .doUpdateSet(lease)
        .where((or) =>
          or.or([
            or('sweep_lease.holder', '=', holder),
            or('sweep_lease.until', '<=', now.getTime()),
            or('sweep_lease.until', '>', now.getTime() + LONGEST_LEASE),
          ]),
        ),
    )
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Due rows in the order in which they became due. */
function dueAfter(
  db: Transaction<Schema>,
  now: Date,
  last: MailRow | null,
  limit: number,
): Promise<MailRow[]> {
  return db
    .selectFrom('outbox')
    .selectAll()
    .where('next_at', '<=', now.getTime())
    .$if(last !== null, (rows) =>
      rows.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('next_at', 'id'), '>', tuple(last!.next_at, last!.id)),
      ),
    )
    .orderBy('next_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** The first mails that can be read. `rowsAfter` returns up to `size` rows after a row, or from the beginning. */
async function firstReadable(
  limit: number,
  rowsAfter: (last: MailRow | null, size: number) => Promise<MailRow[]>,
): Promise<StoredMail[]> {
  const found: StoredMail[] = [];
  let last: MailRow | null = null;
  for (let size = limit, isLast = false; !isLast && found.length < limit; size = ROWS_PER_PAGE) {
    const rows: MailRow[] = await rowsAfter(last, size);
    found.push(...rows.flatMap((row) => readMail(row) ?? []));
    isLast = rows.length < size;
    last = rows.at(-1) ?? null;
  }
  return found.slice(0, limit);
}
