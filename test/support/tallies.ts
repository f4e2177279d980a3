import { expect } from '@jest/globals';
import type { SqlDatabase } from '../../src/storage/sql/sql.database.js';
import { SqlThrottleStore } from '../../src/storage/sql/sql.throttle-store.js';

const now = new Date('2026-01-01T12:00:00.000Z');
const later = (ms: number) => new Date(now.getTime() + ms);

/** Rows of tallies that are over go as others come, and those that last stay. */
export async function expectClearance(database: SqlDatabase): Promise<void> {
  const store = new SqlThrottleStore(database);
  for (let index = 0; index < 150; index += 1)
    await store.swap(`passing ${index}`, null, 'text', later(1), index < 100 ? now : later(1));
  await store.swap('lasting', null, 'text', later(2), later(1));
  for (let index = 0; index < 49; index += 1)
    await store.swap(`last ${index}`, null, 'text', later(1), later(1));
  expect(await database.db.selectFrom('tallies').select('key').execute()).toEqual([{ key: 'lasting' }]);
  await database.close();
}
