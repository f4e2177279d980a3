import type { OutboxMail } from '../../mail/outbox-mail.js';
import { swapping } from '../../throttle/text-table.js';
import { TextTokenStore } from '../../users/text-token-store.js';
import { insertMails } from './mail-rows.js';
import type { SqlDatabase } from './sql.database.js';
import { SqlTextTable } from './sql.text-table.js';

/** One-time tokens in the table of the failure counters. */
export class SqlTokenStore extends TextTokenStore {
  readonly #table: SqlTextTable;

  constructor(readonly database: SqlDatabase) {
    const table = new SqlTextTable(database);
    super(table);
    this.#table = table;
  }

  override swap(
    key: string,
    from: string | null,
    to: string,
    until: Date,
    now: Date,
    mails: readonly OutboxMail[] = [],
  ): Promise<boolean> {
    return this.#table.change(
      key,
      () => swapping(key, from, to, until),
      now,
      async (isSet, transaction) => {
        if (isSet) await insertMails(transaction, mails);
      },
    );
  }
}
