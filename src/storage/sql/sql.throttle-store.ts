import { TextThrottleStore } from '../../throttle/text-throttle-store.js';
import type { SqlDatabase } from './sql.database.js';
import { SqlTextTable } from './sql.text-table.js';

/** Failure counters in a table. Each method that records is one transaction. */
export class SqlThrottleStore extends TextThrottleStore {
  constructor(database: SqlDatabase) {
    super(new SqlTextTable(database));
  }
}
