import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithPostgres, newSchema } from '../../test/support/services.js';
import { sqlSpoilings } from '../../test/support/spoilings.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import type { SessionStore } from '../sessions/session-store.js';
import { MemoryCredentialStore } from '../storage/memory/memory.credential-store.js';
import { MemorySessionStore } from '../storage/memory/memory.session-store.js';
import { PostgresDatabase } from '../storage/sql/postgres.database.js';
import { SqlCredentialStore } from '../storage/sql/sql.credential-store.js';
import type { SqlDatabase } from '../storage/sql/sql.database.js';
import { SqlSessionStore } from '../storage/sql/sql.session-store.js';
import { SqliteDatabase } from '../storage/sql/sqlite.database.js';
import { aSession } from '../testing/samples.js';
import type { CredentialStore } from '../users/credential-store.js';
import { sessionCredentialsOf } from './session-credentials.js';

const PATIENT = 10_000;
const noon = new Date('2026-01-01T12:00:00.000Z');
const openFile = () =>
  SqliteDatabase.open(join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db'), PATIENT);

async function expectToFind(sessions: SessionStore, credentials: CredentialStore): Promise<void> {
  const both = sessionCredentialsOf(sessions, credentials);
  const [session, other] = [aSession({ userId: '7' }), aSession({ userId: '07' })];
  for (const each of [session, other]) await sessions.insert(each);
  expect(await both.find(session.id, noon)).toEqual({ session, ending: null, version: 1 });
  await credentials.adopt('7', 'hash', noon);
  expect(await both.find(session.id, noon)).toEqual({ session, ending: null, version: 1 });
  await credentials.revoke('7', noon);
  const found = await Promise.all([session, other].map(({ id }) => both.find(id, noon)));
  expect(found).toEqual([
    { session, ending: null, version: 2 },
    { session: other, ending: null, version: 1 },
  ]);
  expect(await both.find(session.id, session.expiresAt)).toMatchObject({ ending: { reason: 'expired' } });
  expect(await both.find('unknown', noon)).toBeNull();
  await sessions.end(session.id, 'signed_out', noon);
  expect(await both.find(session.id, noon)).toMatchObject({ ending: { reason: 'signed_out', at: noon } });
}

async function expectToRefuseSpoilt(database: SqlDatabase, engine: 'sqlite' | 'postgres'): Promise<void> {
  const [sessions, credentials] = [new SqlSessionStore(database), new SqlCredentialStore(database)];
  const both = sessionCredentialsOf(sessions, credentials);
  for (const [way, spoil] of Object.entries(sqlSpoilings(() => database, engine).credentials)) {
    if (!way.includes('version')) continue;
    const session = aSession({ userId: way });
    await sessions.insert(session);
    await credentials.revoke(way, noon);
    await spoil(way);
    await expect(both.find(session.id, noon)).rejects.toBeInstanceOf(StoreUnavailableError);
  }
}

describe('Sessions with the credential versions of their users', () => {
  let here: SqliteDatabase;
  let elsewhere: SqliteDatabase;

  beforeAll(async () => {
    here = await openFile();
    elsewhere = await openFile();
  });
  afterAll(() => Promise.all([here.close(), elsewhere.close()]));

  it('are found in one query only if one database has both', () => {
    const sessions = new SqlSessionStore(here);
    expect(sessions.joinCredentials(new SqlCredentialStore(here))).not.toBeNull();
    expect(sessions.joinCredentials(new SqlCredentialStore(elsewhere))).toBeNull();
    expect(sessions.joinCredentials(new MemoryCredentialStore())).toBeNull();
  });

  it.each<[string, () => [SessionStore, CredentialStore]]>([
    ['one database', () => [new SqlSessionStore(here), new SqlCredentialStore(here)]],
    ['two databases', () => [new SqlSessionStore(here), new SqlCredentialStore(elsewhere)]],
    ['memory', () => [new MemorySessionStore(), new MemoryCredentialStore()]],
  ])('are found in %s, live or ended', (_, open) => expectToFind(...open()));

  it('are refused where the stored version is not valid', () => expectToRefuseSpoilt(here, 'sqlite'));
});

describeWithPostgres('Sessions with the credential versions of their users on PostgreSQL', () => {
  let schema: Awaited<ReturnType<typeof newSchema>>;
  let database: PostgresDatabase;

  beforeAll(async () => {
    schema = await newSchema();
    database = await PostgresDatabase.open(schema.url, PATIENT);
  });
  afterAll(async () => {
    await database.close();
    await schema.drop();
  });

  it('are found, live or ended', () =>
    expectToFind(new SqlSessionStore(database), new SqlCredentialStore(database)));

  it('are refused where the stored version is not valid', () => expectToRefuseSpoilt(database, 'postgres'));
});
