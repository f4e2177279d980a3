import { hash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { type Kysely, type Migration, type RawBuilder, sql } from 'kysely';
import { type TableNames, quoted } from './table-names.js';

export type Engine = 'sqlite' | 'postgres';

const USERS = sql.table('users');
const SESSIONS = sql.table('sessions');
const EVENTS = sql.table('audit_events');

export interface TableMigration extends Migration {
  /** Whether there are rows whose new values this program computes. Asked before any migration has run. */
  readonly hasRowsToCompute?: (db: Kysely<unknown>) => Promise<boolean>;
}

/**
 * All migrations, in order. Never change a released one. They import nothing from this project, because that code
 * changes later. `db` adds the prefix to the names of tables and indexes, also to `sql.table`.
 */
const migrations = (engine: Engine): Record<string, TableMigration> => ({
  '001-users-and-sessions': {
    async up(db: Kysely<unknown>): Promise<void> {
      // Ids are compared byte by byte, independent of the locale of the database.
      const id = engine === 'sqlite' ? 'text' : sql`text collate "C"`;
      await db.schema
        .createTable('users')
        .addColumn('id', id, (column) => column.primaryKey())
        .addColumn('email', 'text', (column) => column.notNull())
        .addColumn('email_key', 'text', (column) => column.notNull().unique())
        .addColumn('first_name', 'text')
        .addColumn('last_name', 'text')
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('disabled', 'bigint', (column) => column.notNull())
        .addColumn('password_hash', 'text', (column) => column.notNull())
        .addColumn('credential_version', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('users_by_creation').on('users').columns(['created_at', 'id']).execute();
      await db.schema
        .createTable('sessions')
        .addColumn('id', id, (column) => column.primaryKey())
        .addColumn('user_id', id, (column) => column.notNull())
        .addColumn('secret_hash', 'text', (column) => column.notNull())
        .addColumn('credential_version', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('authenticated_at', 'bigint', (column) => column.notNull())
        .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('ended_at', 'bigint')
        .addColumn('end_reason', 'text')
        .addColumn('forget_at', 'bigint', (column) => column.notNull())
        .addColumn('ip', 'text')
        .addColumn('user_agent', 'text')
        .$call((table) => (engine === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table))
        .execute();
      await db.schema.createIndex('sessions_by_user').on('sessions').column('user_id').execute();
      await db.schema.createIndex('sessions_to_forget').on('sessions').column('forget_at').execute();
    },
  },
  '002-sweep-lease': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('sweep_lease')
        .addColumn('subject', 'text', (column) => column.primaryKey())
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  // The key begins with the tag of the user, so the primary key holds the sessions of one user next to each other.
  '003-sessions-by-key': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.dropIndex('sessions_by_user').execute();
      await db.schema.dropIndex('sessions_to_forget').execute();
      await db.schema.alterTable('sessions').renameColumn('id', 'key').execute();
      await sql`update ${SESSIONS}
        set key = substr(key, 17, 4) || substr(key, 1, 16) || substr(key, 21)`.execute(db);
    },
  },
  '004-tallies': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('tallies')
        .addColumn('key', engine === 'sqlite' ? 'text' : sql`text collate "C"`, (column) =>
          column.primaryKey(),
        )
        .addColumn('text', 'text', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .$call((table) => (engine === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table))
        .execute();
      await db.schema.createIndex('tallies_by_end').on('tallies').column('until').execute();
    },
  },
  '005-administrators': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createIndex('administrators')
        .on('users')
        .column('id')
        .where(sql<boolean>`role = 'admin' and disabled = 0`)
        .execute();
    },
  },
  '006-audit-events': {
    async up(db: Kysely<unknown>): Promise<void> {
      const id = engine === 'sqlite' ? 'text' : sql`text collate "C"`;
      await db.schema
        .createTable('audit_events')
        .addColumn('id', id, (column) => column.primaryKey())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('via', 'text', (column) => column.notNull())
        .addColumn('actor_id', 'text')
        .addColumn('subject_id', 'text')
        .addColumn('session_id', 'text')
        .addColumn('ip', 'text')
        .addColumn('user_agent', 'text')
        .addColumn('request_id', 'text')
        .addColumn('details', 'text', (column) => column.notNull())
        .$call((table) => (engine === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table))
        .execute();
    },
  },
  '007-session-kinds': {
    async up(db: Kysely<unknown>): Promise<void> {
      const table = db.schema.alterTable('sessions');
      for (const [name, usual] of [
        ['kind', 'session'],
        ['transport', 'cookie'],
        ['scope', 'write'],
      ] as const)
        await table.addColumn(name, 'text', (column) => column.notNull().defaultTo(usual)).execute();
      await table.addColumn('label', 'text').execute();
    },
  },
  // Where two accounts have the same address in two spellings, the second one keeps its old key.
  '008-international-domains': {
    async hasRowsToCompute(db: Kysely<unknown>): Promise<boolean> {
      return (await internationalKeys(db, engine)).length > 0;
    },
    async up(db: Kysely<unknown>): Promise<void> {
      for (const { id, email_key: before } of await internationalKeys(db, engine)) {
        const after = withAsciiDomain(before);
        if (after !== before)
          await sql`update ${USERS} set email_key = ${after} where id = ${id}
            and not exists (select 1 from ${USERS} as other where other.email_key = ${after})`.execute(db);
      }
    },
  },
  // Session ids of the first version contain no tag of the user. A partial index finds their rows.
  '009-sessions-without-tag': {
    async hasRowsToCompute(db: Kysely<unknown>): Promise<boolean> {
      return (await sql`select 1 from ${SESSIONS} limit 1`.execute(db)).rows.length > 0;
    },
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('sessions').addColumn('without_tag', 'bigint').execute();
      await db.schema
        .createIndex('sessions_without_tag')
        .on('sessions')
        .column('user_id')
        .where(sql<boolean>`without_tag = 1`)
        .execute();
      for (
        let page = await pageAfter(db, '');
        page.length > 0;
        page = await pageAfter(db, page.at(-1)!.key)
      ) {
        const keys = page.filter(({ key, userId }) => !isTagged(key, userId)).map(({ key }) => key);
        if (keys.length > 0)
          await sql`update ${SESSIONS} set without_tag = 1 where key in (${sql.join(keys)})`.execute(db);
      }
    },
  },
  // Serves a page of the live sessions of one user, newest first.
  '010-sessions-by-sign-in': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createIndex('sessions_by_sign_in')
        .ifNotExists()
        .on('sessions')
        .columns(['user_id', 'created_at', 'key', 'kind'])
        .where(sql<boolean>`ended_at is null`)
        .execute();
    },
  },
  '011-audit-counts': {
    async up(db: Kysely<unknown>): Promise<void> {
      const table = db.schema.alterTable('audit_events');
      await table.addColumn('count', 'bigint', (column) => column.notNull().defaultTo(1)).execute();
      await table.addColumn('last_at', 'bigint').execute();
    },
  },
  '012-credentials': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('credentials')
        .addColumn('user_id', engine === 'sqlite' ? 'text' : sql`text collate "C"`, (column) =>
          column.primaryKey(),
        )
        .addColumn('password_hash', 'text')
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .$call((table) => (engine === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table))
        .execute();
    },
  },
  // PostgreSQL finds a beginning of a text along an index only if the texts are compared byte by byte.
  '013-user-search': {
    async hasRowsToCompute(db: Kysely<unknown>): Promise<boolean> {
      return (await namesAfter(db, engine, '', 1)).length > 0;
    },
    async up(db: Kysely<unknown>): Promise<void> {
      const text = engine === 'sqlite' ? 'text' : sql`text collate "C"`;
      const lower = (name: RawBuilder<unknown>) =>
        engine === 'sqlite' ? sql`lower(trim(${name}))` : sql`lower(trim(${name}) collate "C")`;
      for (const name of ['by_last_name', 'by_first_name'])
        await db.schema
          .alterTable('users')
          .addColumn(name, text, (column) => column.notNull().defaultTo(''))
          .execute();
      if (engine === 'postgres')
        await db.schema
          .alterTable('users')
          .alterColumn('email_key', (column) => column.setDataType(sql`text collate "C"`))
          .execute();
      const [first, last] = [sql`trim(coalesce(first_name, ''))`, sql`trim(coalesce(last_name, ''))`];
      await sql`update ${USERS} set
        by_last_name = substr(${lower(sql`${last} || ' ' || ${first}`)}, 1, 100),
        by_first_name = substr(${lower(sql`${first} || ' ' || ${last}`)}, 1, 100)
        where first_name is not null or last_name is not null`.execute(db);
      for (
        let page = await namesAfter(db, engine, '', 5000);
        page.length > 0;
        page = await namesAfter(db, engine, page.at(-1)!.id, 5000)
      )
        for (const { id, ...names } of page) {
          const [first, last] = [nameKey(names.first), nameKey(names.last)];
          await sql`update ${USERS} set by_last_name = ${nameKey(`${last} ${first}`)},
            by_first_name = ${nameKey(`${first} ${last}`)} where id = ${id}`.execute(db);
        }
      await db.schema.dropIndex('users_by_creation').execute();
      // A search judges all its conditions in one index, without reading rows.
      for (const [name, columns] of Object.entries({
        users_by_creation: [
          'created_at',
          'id',
          'email_key',
          'by_last_name',
          'by_first_name',
          'role',
          'disabled',
        ],
        users_by_email: [
          'email_key',
          'created_at',
          'id',
          'by_last_name',
          'by_first_name',
          'role',
          'disabled',
        ],
        users_by_last_name: [
          'by_last_name',
          'created_at',
          'id',
          'by_first_name',
          'email_key',
          'role',
          'disabled',
        ],
        users_by_first_name: [
          'by_first_name',
          'created_at',
          'id',
          'by_last_name',
          'email_key',
          'role',
          'disabled',
        ],
        users_by_role: ['disabled', 'role', 'created_at', 'id', 'email_key', 'by_last_name', 'by_first_name'],
      }))
        await db.schema.createIndex(name).on('users').columns(columns).execute();
    },
  },
  '014-mails': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('users').addColumn('email_verified_at', 'bigint').execute();
      await db.schema
        .createTable('outbox')
        .addColumn('id', engine === 'sqlite' ? 'text' : sql`text collate "C"`, (column) =>
          column.primaryKey(),
        )
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('recipient', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text')
        .addColumn('language', 'text', (column) => column.notNull())
        .addColumn('facts', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('attempts', 'bigint', (column) => column.notNull())
        .addColumn('next_at', 'bigint')
        .addColumn('error', 'text')
        .$call((table) => (engine === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table))
        .execute();
      await db.schema.createIndex('outbox_due').on('outbox').columns(['next_at', 'id']).execute();
    },
  },
  // Null for a password that was given when the session was authenticated.
  '015-session-proofs': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('sessions').addColumn('proofs', 'text').execute();
    },
  },
  '016-factors': {
    async up(db: Kysely<unknown>): Promise<void> {
      const id = engine === 'sqlite' ? 'text' : sql`text collate "C"`;
      await db.schema
        .createTable('factors')
        .addColumn('user_id', id, (column) => column.primaryKey())
        .addColumn('handle', 'text', (column) => column.notNull())
        .addColumn('factors', 'text', (column) => column.notNull())
        .$call((table) => (engine === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table))
        .execute();
      await db.schema.createIndex('factors_by_handle').unique().on('factors').column('handle').execute();
    },
  },
  // Each filter of the audit trail reads one index in the order of time. Types also have what charts add up.
  '017-audit-filters': {
    async up(db: Kysely<unknown>): Promise<void> {
      const reason =
        engine === 'sqlite'
          ? sql`case when json_valid(details) then json_extract(details, '$.reason') end`
          : sql`substring(details from '"reason":"([a-z_]+)"')`;
      await db.schema.alterTable('audit_events').addColumn('reason', 'text').execute();
      await sql`update ${EVENTS} set reason = ${reason} where details like '%"reason":%'`.execute(db);
      const index = (name: string, columns: string[]) =>
        db.schema.createIndex(`audit_by_${name}`).on('audit_events').columns(columns);
      await index('type', ['type', 'id', 'at', 'reason', 'count']).execute();
      for (const column of ['subject_id', 'reason', 'ip'])
        await index(column.replace('_id', ''), [column, 'id'])
          .where(sql<boolean>`${sql.ref(column)} is not null`)
          .execute();
      // Most events are about the user who caused them.
      await index('actor', ['actor_id', 'id'])
        .where(sql<boolean>`actor_id is not null and (subject_id is null or subject_id <> actor_id)`)
        .execute();
    },
  },
});

interface Names {
  readonly id: string;
  readonly first: string;
  readonly last: string;
}

/** Names with other characters than those of ASCII, of which SQLite does not know the small letters. */
async function namesAfter(db: Kysely<unknown>, engine: Engine, id: string, limit: number): Promise<Names[]> {
  const both = sql`coalesce(first_name, '') || coalesce(last_name, '')`;
  const bytes = engine === 'sqlite' ? sql`length(cast(${both} as blob))` : sql`octet_length(${both})`;
  const names = sql<Names>`
    select id, coalesce(first_name, '') as first, coalesce(last_name, '') as last from ${USERS}
    where id > ${id} and ${bytes} > length(${both}) order by id limit ${sql.lit(limit)}`;
  return (await names.execute(db)).rows;
}

function nameKey(name: string): string {
  const key = name
    .toWellFormed()
    .normalize('NFC')
    .toUpperCase()
    .toLowerCase()
    .replaceAll('i\u0307', 'i')
    .replaceAll('ς', 'σ')
    .normalize('NFC')
    .replace(/^ +| +$/g, '');
  return Array.from(key).slice(0, 100).join('');
}

interface EmailKey {
  readonly id: string;
  readonly email_key: string;
}

async function internationalKeys(db: Kysely<unknown>, engine: Engine): Promise<EmailKey[]> {
  const bytes = engine === 'sqlite' ? sql`length(cast(email_key as blob))` : sql`octet_length(email_key)`;
  const keys = sql<EmailKey>`
    select id, email_key from ${USERS} where ${bytes} > length(email_key) or email_key like '%xn--%'
    order by created_at, id`;
  return (await keys.execute(db)).rows;
}

interface SessionKey {
  readonly key: string;
  readonly userId: string;
}

async function pageAfter(db: Kysely<unknown>, key: string): Promise<SessionKey[]> {
  const page = sql<SessionKey>`
    select key, user_id as "userId" from ${SESSIONS} where key > ${key} order by key limit 5000`;
  return (await page.execute(db)).rows;
}

/** Whether a key begins with the tag of the user. */
function isTagged(key: string, userId: string): boolean {
  return key.startsWith(hash('sha256', userId, 'base64url').slice(0, 4));
}

export const MIGRATIONS = { sqlite: migrations('sqlite'), postgres: migrations('postgres') } as const;

/** The tables and indexes of version 0.1, which had no prefix, and the migration that created each table. */
const EARLIER_TABLES: Readonly<Record<string, readonly [since: string, ...indexes: string[]]>> = {
  users: ['001', 'users_pkey', 'users_email_key_key', 'users_by_creation', 'administrators'],
  sessions: [
    '001',
    'sessions_pkey',
    'sessions_by_user',
    'sessions_to_forget',
    'sessions_without_tag',
    'sessions_by_sign_in',
  ],
  sweep_lease: ['002', 'sweep_lease_pkey'],
  tallies: ['004', 'tallies_pkey', 'tallies_by_end'],
  audit_events: ['006', 'audit_events_pkey'],
};

/** The statements that give the tables of version 0.1 their prefix. `executed` are the migrations that have run there. */
export async function statementsOfRenaming(
  db: Kysely<unknown>,
  engine: Engine,
  names: TableNames,
  executed: readonly string[],
): Promise<string[]> {
  const statements: string[] = [];
  for (const [table, [since, ...indexes]] of Object.entries(EARLIER_TABLES)) {
    if (!executed.some((name) => name.startsWith(since))) continue;
    if (engine === 'sqlite') {
      const created = await indexesOf(db, table, indexes);
      statements.push(...created.map(({ name }) => `drop index ${quoted(name)}`));
      statements.push(`alter table ${quoted(table)} rename to ${names.quoted(table)}`);
      statements.push(...created.map(({ name, definition }) => renamed(definition, name, table, names)));
    } else {
      statements.push(`alter table ${names.within(table)} rename to ${quoted(names.prefix + table)}`);
      for (const index of indexes)
        statements.push(
          `alter index if exists ${names.within(index)} rename to ${quoted(names.prefix + index)}`,
        );
    }
  }
  return statements;
}

interface Index {
  readonly name: string;
  readonly definition: string;
}

/** Those of the indexes that the table has on SQLite, where an index cannot be renamed. */
async function indexesOf(db: Kysely<unknown>, table: string, names: readonly string[]): Promise<Index[]> {
  const indexes = sql<Index>`select name, sql as definition from sqlite_master
    where type = 'index' and tbl_name = ${table} and name in (${sql.join(names)})`;
  return (await indexes.execute(db)).rows;
}

/** The definition of an index, with the prefix before its name and before that of its table. */
function renamed(definition: string, name: string, table: string, names: TableNames): string {
  const columns = definition.slice(definition.indexOf('('));
  return `create index ${names.quoted(name)} on ${names.quoted(table)} ${columns}`;
}

/** The key with its domain in ASCII (punycode), or unchanged where the domain has no such form. */
function withAsciiDomain(key: string): string {
  const domain = key.lastIndexOf('@') + 1;
  const given = key.slice(domain);
  if (domain === 0 || !/[^\0-\x7f]|xn--/.test(given) || /[\0-\x20"#%/:<>?@[\\\]^`{|}\x7f]/.test(given))
    return key;
  return key.slice(0, domain) + (domainToASCII(given) || given);
}
