import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { describeWithPostgres, newSchema } from '../../../test/support/services.js';
import { aSession } from '../../testing/samples.js';
import { PostgresDatabase } from './postgres.database.js';
import type { SqlDatabase } from './sql.database.js';
import { SqlSessionStore } from './sql.session-store.js';
import { SqliteDatabase } from './sqlite.database.js';

const TIMEOUT = 10_000;
const noon = new Date('2026-01-01T12:00:00.000Z');

/** Puts the tables back to what they were before the sessions' keys began with the user's tag. */
async function turnBack({ db }: SqlDatabase, migrations: string): Promise<void> {
  const table = sql.table(migrations);
  for (const statement of [
    sql`update sessions set key = substr(key, 5, 16) || substr(key, 1, 4) || substr(key, 21)`,
    sql`alter table sessions rename column key to id`,
    sql`create index sessions_by_user on sessions (user_id)`,
    sql`create index sessions_to_forget on sessions (forget_at)`,
    sql`drop table tallies`,
    sql`drop index administrators`,
    sql`drop table audit_events`,
    sql`delete from ${table} where name >= '003'`,
  ])
    await statement.execute(db);
}

async function expectSessionsToOutlive(open: () => Promise<SqlDatabase>, migrations: string): Promise<void> {
  const before = await open();
  const sessions = Array.from({ length: 20 }, () => aSession({ userId: 'ann' }));
  for (const session of sessions) await new SqlSessionStore(before).insert(session);
  await turnBack(before, migrations);
  await before.close();
  const after = await open();
  const store = new SqlSessionStore(after);
  for (const session of sessions) expect(await store.find(session.id, noon)).toEqual(session);
  expect(await store.findByUser('ann', noon)).toHaveLength(20);
  await after.close();
}

describe('Sessions outlive the change of their keys', () => {
  it('on SQLite', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
    return expectSessionsToOutlive(() => SqliteDatabase.open(file, TIMEOUT), 'kysely_migration');
  });
});

describeWithPostgres('Sessions outlive the change of their keys', () => {
  it('on PostgreSQL', async () => {
    const schema = await newSchema();
    await expectSessionsToOutlive(() => PostgresDatabase.open(schema.url, TIMEOUT), 'coatcheck_migration');
    await schema.drop();
  });
});
