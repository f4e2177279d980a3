import { TextTokenStore } from '../../users/text-token-store.js';
import type { SqlDatabase } from './sql.database.js';
import { SqlTextTable } from './sql.text-table.js';

/** Reset tokens in the table of the failure counters. */
export class SqlTokenStore extends TextTokenStore {
  constructor(readonly database: SqlDatabase) {
    super(new SqlTextTable(database));
  }
}
