import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import SqliteConnection from 'better-sqlite3';
import { sql } from 'kysely';
import { describeWithPostgres, newSchema } from '../../../test/support/services.js';
import type { StoredSession } from '../../sessions/session.js';
import { aSession, aUser } from '../../testing/samples.js';
import { PostgresDatabase } from './postgres.database.js';
import type { SqlDatabase } from './sql.database.js';
import { SqlSessionStore } from './sql.session-store.js';
import { SqlUserStore } from './sql.user-store.js';
import { SqliteDatabase } from './sqlite.database.js';

const TIMEOUT = 10_000;
const noon = new Date('2026-01-01T12:00:00.000Z');

/** Restores the tables of before migration 017. */
async function withoutAuditFilters({ db }: SqlDatabase): Promise<void> {
  for (const index of ['type', 'subject', 'actor', 'reason', 'ip'])
    await sql`drop index ${sql.ref(`coatcheck_audit_by_${index}`)}`.execute(db);
  await sql`alter table coatcheck_audit_events drop column reason`.execute(db);
}

/** Restores the tables of before migration 014. */
async function withoutMails(database: SqlDatabase): Promise<void> {
  await withoutAuditFilters(database);
  const { db } = database;
  await sql`drop table coatcheck_factors`.execute(db);
  await sql`alter table coatcheck_sessions drop column proofs`.execute(db);
  await sql`drop table coatcheck_outbox`.execute(db);
  await sql`alter table coatcheck_users drop column email_verified_at`.execute(db);
}

/** Restores the tables of before migration 013. */
async function withoutSearch(database: SqlDatabase): Promise<void> {
  await withoutMails(database);
  const { db } = database;
  for (const index of ['creation', 'email', 'last_name', 'first_name', 'role'])
    await sql`drop index ${sql.ref(`coatcheck_users_by_${index}`)}`.execute(db);
  for (const column of ['by_last_name', 'by_first_name'])
    await sql`alter table coatcheck_users drop column ${sql.ref(column)}`.execute(db);
  await sql`create index coatcheck_users_by_creation on coatcheck_users (created_at, id)`.execute(db);
}

/** Restores the tables of before migration 009. */
async function withoutTagColumn(database: SqlDatabase): Promise<void> {
  await withoutSearch(database);
  const { db } = database;
  await sql`drop table coatcheck_credentials`.execute(db);
  await sql`alter table coatcheck_audit_events drop column count`.execute(db);
  await sql`alter table coatcheck_audit_events drop column last_at`.execute(db);
  await sql`drop index coatcheck_sessions_by_sign_in`.execute(db);
  await sql`drop index coatcheck_sessions_without_tag`.execute(db);
  await sql`alter table coatcheck_sessions drop column without_tag`.execute(db);
}

/** Restores the tables of before migration 007. */
async function withoutKinds(database: SqlDatabase): Promise<void> {
  await withoutTagColumn(database);
  const { db } = database;
  for (const column of ['kind', 'transport', 'scope', 'label'])
    await sql`alter table coatcheck_sessions drop column ${sql.ref(column)}`.execute(db);
  await sql`delete from coatcheck_migrations where name >= '007'`.execute(db);
}

/** Restores the tables of before migration 003. */
async function turnBack(database: SqlDatabase): Promise<void> {
  await withoutKinds(database);
  const { db } = database;
  for (const statement of [
    sql`update coatcheck_sessions set key = substr(key, 5, 16) || substr(key, 1, 4) || substr(key, 21)`,
    sql`alter table coatcheck_sessions rename column key to id`,
    sql`create index coatcheck_sessions_by_user on coatcheck_sessions (user_id)`,
    sql`create index coatcheck_sessions_to_forget on coatcheck_sessions (forget_at)`,
    sql`drop table coatcheck_tallies`,
    sql`drop index coatcheck_administrators`,
    sql`drop table coatcheck_audit_events`,
    sql`delete from coatcheck_migrations where name >= '003'`,
  ])
    await statement.execute(db);
}

async function expectSessionsToOutlive(open: () => Promise<SqlDatabase>): Promise<void> {
  const before = await open();
  const sessions = Array.from({ length: 20 }, () => aSession({ userId: 'ann' }));
  for (const session of sessions) await new SqlSessionStore(before).insert(session);
  await turnBack(before);
  await before.close();
  const after = await open();
  const store = new SqlSessionStore(after);
  for (const session of sessions) expect(await store.find(session.id, noon)).toEqual(session);
  expect(await store.findByUser('ann', noon)).toHaveLength(20);
  await after.close();
}

async function expectSessionsToBecomeUsual(open: () => Promise<SqlDatabase>): Promise<void> {
  const before = await open();
  const facts = { kind: 'access_token', transport: 'bearer', scope: 'read', label: 'Backup' } as const;
  const session = aSession({ userId: 'ann', ...facts });
  await new SqlSessionStore(before).insert(session);
  await withoutKinds(before);
  await before.close();
  const after = await open();
  const store = new SqlSessionStore(after);
  const usual = { kind: 'session', transport: 'cookie', scope: 'write', label: null } as const;
  expect(await store.find(session.id, noon)).toEqual({ ...session, ...usual });
  expect(await store.findByUser('ann', noon)).toEqual([{ ...session, ...usual }]);
  expect(await store.rename(session.id, 'My phone', noon)).toBe(true);
  await after.close();
}

/** Addresses and their keys of before migration 008. */
const OLD_KEYS = {
  'Ann@Exämple.org': 'ann@exämple.org',
  'ben@exämple.org': 'ben@exämple.org',
  'ben@xn--exmple-cua.org': 'ben@xn--exmple-cua.org',
  'cid@xn--exmple-cua.org': 'cid@xn--exmple-cua.org',
  'cid@exämple.org': 'cid@exämple.org',
  'dan@ｅxämple。org': 'dan@ｅxämple。org',
  'dan@exämple.org': 'dan@exämple.org',
  'eve@ä b.org': 'eve@ä b.org',
  'fay@example.org': 'fay@example.org',
  'ünï@example.org': 'ünï@example.org',
  nobody: 'nobody',
} as const;

async function expectAddressesToOutlive(open: () => Promise<SqlDatabase>): Promise<void> {
  const before = await open();
  const { db } = before;
  const ids = new Map<string, string>();
  for (const [index, [email, key]] of Object.entries(OLD_KEYS).entries()) {
    const user = aUser({ email: `old-${index}@example.com`, createdAt: new Date(noon.getTime() + index) });
    ids.set(email, user.id);
    expect(await new SqlUserStore(before).insert(user, `hash of ${email}`)).toBe(true);
    await sql`update coatcheck_users set email = ${email}, email_key = ${key} where id = ${user.id}`.execute(
      db,
    );
  }
  await withoutTagColumn(before);
  await sql`delete from coatcheck_migrations where name >= '008'`.execute(db);
  await before.close();
  for (let start = 1; start <= 2; start += 1) {
    const after = await open();
    const store = new SqlUserStore(after);
    // Each user is still found by the same spelling, also if two users have one address.
    for (const [email, id] of ids)
      expect([email, (await store.findCredential(email))?.user.id]).toEqual([email, id]);
    expect((await store.findCredential('ann@xn--exmple-cua.org'))?.user.id).toBe(ids.get('Ann@Exämple.org'));
    expect((await store.findCredential('DAN@xn--exmple-cua.org'))?.user.id).toBe(
      ids.get('dan@ｅxämple。org'),
    );
    for (const email of ['ann@xn--exmple-cua.org', 'ben@EXÄMPLE.org', 'cid@exämple.org'])
      expect([email, await store.insert(aUser({ email }), 'hash')]).toEqual([email, false]);
    expect(await store.count()).toBe(ids.size);
    await after.close();
  }
}

describe('Accounts from before the migration of international domains can still sign in', () => {
  it('on SQLite', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
    return expectAddressesToOutlive(() => SqliteDatabase.open(file, TIMEOUT));
  });
});

describeWithPostgres('Accounts from before the migration of international domains can still sign in', () => {
  it('on PostgreSQL', async () => {
    const schema = await newSchema();
    await expectAddressesToOutlive(() => PostgresDatabase.open(schema.url, TIMEOUT));
    await schema.drop();
  });
});

describe('Sessions from before the migration of kinds have the kind session', () => {
  it('on SQLite', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
    return expectSessionsToBecomeUsual(() => SqliteDatabase.open(file, TIMEOUT));
  });
});

describeWithPostgres('Sessions from before the migration of kinds have the kind session', () => {
  it('on PostgreSQL', async () => {
    const schema = await newSchema();
    const open = () => PostgresDatabase.open(schema.url, TIMEOUT);
    await expectSessionsToBecomeUsual(open);
    await schema.drop();
  });
});

describe('Sessions survive the migration of their keys', () => {
  it('on SQLite', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
    return expectSessionsToOutlive(() => SqliteDatabase.open(file, TIMEOUT));
  });
});

describeWithPostgres('Sessions survive the migration of their keys', () => {
  it('on PostgreSQL', async () => {
    const schema = await newSchema();
    await expectSessionsToOutlive(() => PostgresDatabase.open(schema.url, TIMEOUT));
    await schema.drop();
  });
});

/** The tables of the first version, whose session ids have no tag. */
const FIRST_TABLES = `
  create table kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null);
  create table kysely_migration_lock (id varchar(255) not null primary key, is_locked integer default 0 not null);
  insert into kysely_migration values ('001-users-and-sessions', '2026-01-01T00:00:00.000Z');
  insert into kysely_migration_lock values ('migration_lock', 0);
  create table users (
    id text primary key, email text not null, email_key text not null unique, first_name text, last_name text,
    role text not null, disabled bigint not null, password_hash text not null, credential_version bigint not null,
    created_at bigint not null, updated_at bigint not null
  );
  create index users_by_creation on users (created_at, id);
  create table sessions (
    id text primary key, user_id text not null, secret_hash text not null, credential_version bigint not null,
    created_at bigint not null, authenticated_at bigint not null, last_seen_at bigint not null,
    expires_at bigint not null, ended_at bigint, end_reason text, forget_at bigint not null, ip text, user_agent text
  ) without rowid;
  create index sessions_by_user on sessions (user_id);
  create index sessions_to_forget on sessions (forget_at);
`;

/** Sessions of one user whose ids have no tag, newest first. */
function sessionsWithoutTag(userId: string): StoredSession[] {
  return Array.from({ length: 3 }, (_, index) => {
    const createdAt = new Date(noon.getTime() - index * 1000);
    return { ...aSession({ userId, createdAt }), id: aSession({ createdAt }).id };
  });
}

function writeFirstDatabase(file: string, sessions: readonly StoredSession[]): void {
  const connection = new SqliteConnection(file);
  connection.exec(FIRST_TABLES);
  const insert = connection.prepare(
    `insert into sessions values (?, ?, ?, ?, ?, ?, ?, ?, null, null, ?, ?, ?)`,
  );
  for (const session of sessions) {
    const times = [session.createdAt, session.authenticatedAt, session.lastSeenAt, session.expiresAt];
    insert.run(
      session.id,
      session.userId,
      session.secretHash,
      session.credentialVersion,
      ...times.map(Number),
      Number(session.expiresAt) + 86_400_000,
      session.client.ip,
      session.client.userAgent,
    );
  }
  connection.close();
}

async function expectToBeReached(database: SqlDatabase, sessions: readonly StoredSession[]): Promise<void> {
  const store = new SqlSessionStore(database);
  const [first, second, third] = sessions as [StoredSession, StoredSession, StoredSession];
  for (const session of sessions) expect(await store.find(session.id, noon)).toEqual(session);
  expect(await store.findByUser('ann', noon)).toEqual(sessions);
  expect(await store.findByUser('ben', noon)).toEqual([]);

  const newest = aSession({ userId: 'ann', createdAt: new Date(noon.getTime() + 1000) });
  const evicting = { max: 3, policy: 'evict_oldest' } as const;
  expect(await store.insert(newest, evicting)).toEqual({ outcome: 'inserted', evicted: [third.id] });
  const ended = await store.endAll('ann', 'ended_elsewhere', newest.createdAt, first.id);
  expect(ended.toSorted()).toEqual([second.id, newest.id].toSorted());
  expect((await store.endingOf(second.id, newest.createdAt))?.reason).toBe('ended_elsewhere');
  expect(await store.touch(first.id, newest.createdAt, first.expiresAt)).toBe(true);
  expect(await store.endAll('ann', 'user_disabled', newest.createdAt)).toEqual([first.id]);
  expect(await store.find(first.id, newest.createdAt)).toBeNull();
}

describe('Sessions of the first version are listed, counted and ended like all others', () => {
  it('on SQLite, along an index', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
    const sessions = sessionsWithoutTag('ann');
    writeFirstDatabase(file, sessions);
    const database = await SqliteDatabase.open(file, TIMEOUT);
    await expectToBeReached(database, sessions);
    const plan = sql<{ detail: string }>`explain query plan select * from coatcheck_sessions
      where (key between 'a' and 'b' and user_id = 'ann') or (without_tag = 1 and user_id = 'ann')`;
    const steps = (await plan.execute(database.db)).rows.map(({ detail }) => detail).join('\n');
    expect(steps).toContain('USING INDEX coatcheck_sessions_without_tag');
    expect(steps).not.toContain('SCAN');
    await database.close();
  });
});

describeWithPostgres('Sessions of the first version are listed, counted and ended like all others', () => {
  it('on PostgreSQL', async () => {
    const schema = await newSchema();
    const open = () => PostgresDatabase.open(schema.url, TIMEOUT);
    const before = await open();
    const sessions = sessionsWithoutTag('ann');
    for (const session of sessions) await new SqlSessionStore(before).insert(session);
    await turnBack(before);
    await before.close();
    const after = await open();
    await expectToBeReached(after, sessions);
    await after.close();
    await schema.drop();
  });
});

/** A user from before the migration of mails, whose address nobody has verified. */
async function expectUserToBecomeUnverified(open: () => Promise<SqlDatabase>): Promise<void> {
  const before = await open();
  const user = aUser();
  await new SqlUserStore(before).insert({ ...user, emailVerifiedAt: noon }, 'hash');
  await withoutMails(before);
  await sql`delete from coatcheck_migrations where name >= '014'`.execute(before.db);
  await before.close();
  const after = await open();
  expect(await new SqlUserStore(after).find(user.id)).toEqual(user);
  await after.close();
}

describe('Addresses from before the migration of mails are not verified', () => {
  it('on SQLite', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
    return expectUserToBecomeUnverified(() => SqliteDatabase.open(file, TIMEOUT));
  });
});

describeWithPostgres('Addresses from before the migration of mails are not verified', () => {
  it('on PostgreSQL', async () => {
    const schema = await newSchema();
    await expectUserToBecomeUnverified(() => PostgresDatabase.open(schema.url, TIMEOUT));
    await schema.drop();
  });
});
