import { expect } from '@jest/globals';
import type { SqlDatabase } from '../../src/storage/sql/sql.database.js';
import { SqlTextTable } from '../../src/storage/sql/sql.text-table.js';
import { type TextTable, swapping } from '../../src/throttle/text-table.js';

const now = new Date('2026-01-01T12:00:00.000Z');
const later = (ms: number) => new Date(now.getTime() + ms);

/** Sets a text, whatever the present one is. */
export async function setText(
  table: TextTable,
  key: string,
  text: string,
  until: Date,
  at: Date,
): Promise<void> {
  const [from = null] = await table.read([key], at);
  expect(await table.change(key, () => swapping(key, from, text, until), at)).toBe(true);
}

/** Rows of tallies that are over go as others come, and those that last stay. */
export async function expectClearance(database: SqlDatabase): Promise<void> {
  const table = new SqlTextTable(database);
  for (let index = 0; index < 150; index += 1)
    await setText(table, `passing ${index}`, 'text', later(1), index < 100 ? now : later(1));
  await setText(table, 'lasting', 'text', later(2), later(1));
  for (let index = 0; index < 49; index += 1)
    await setText(table, `last ${index}`, 'text', later(1), later(1));
  expect(await database.db.selectFrom('tallies').select('key').execute()).toEqual([{ key: 'lasting' }]);
  await database.close();
}
