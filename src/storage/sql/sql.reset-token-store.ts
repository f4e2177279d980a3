import { TextResetTokenStore } from '../../users/text-reset-token-store.js';
import type { SqlDatabase } from './sql.database.js';
import { SqlTextTable } from './sql.text-table.js';

/** Reset tokens in the table of the failure counters. */
export class SqlResetTokenStore extends TextResetTokenStore {
  constructor(database: SqlDatabase) {
    super(new SqlTextTable(database));
  }
}
