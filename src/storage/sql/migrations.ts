import { hash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { type Kysely, type Migration, type MigrationProvider, type Migrator, sql } from 'kysely';

/** Why other commands fail where there is no database, or no table in it. */
export const WHO_MIGRATES = 'The server and the command migrate make them.';

const MIGRATED_BY_NEWER = 'a newer version has migrated it';

type Engine = 'sqlite' | 'postgres';

/** The tables' history. What has run anywhere is never changed; it imports nothing of ours, which changes. */
const migrations = (engine: Engine): Record<string, Migration> => ({
  '001-users-and-sessions': {
    async up(db: Kysely<unknown>): Promise<void> {
      // Ids are compared byte by byte, whatever the language of the database.
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
  // Neighbours in the one index that is left are the sessions of one user, whose tag comes first.
  '003-sessions-by-key': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.dropIndex('sessions_by_user').execute();
      await db.schema.dropIndex('sessions_to_forget').execute();
      await db.schema.alterTable('sessions').renameColumn('id', 'key').execute();
      await sql`update sessions set key = substr(key, 17, 4) || substr(key, 1, 16) || substr(key, 21)`.execute(
        db,
      );
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
      await sql`create index administrators on users (id) where role = 'admin' and disabled = 0`.execute(db);
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
  // Where two accounts turn out to have one address, the one whose key is taken keeps its own and is found by its spelling.
  '008-international-domains': {
    async up(db: Kysely<unknown>): Promise<void> {
      const bytes = engine === 'sqlite' ? sql`length(cast(email_key as blob))` : sql`octet_length(email_key)`;
      const { rows } = await sql<{ id: string; email_key: string }>`
        select id, email_key from users where ${bytes} > length(email_key) or email_key like '%xn--%'
        order by created_at, id`.execute(db);
      for (const { id, email_key: before } of rows) {
        const after = withAsciiDomain(before);
        if (after !== before)
          await sql`update users set email_key = ${after} where id = ${id}
            and not exists (select 1 from users as other where other.email_key = ${after})`.execute(db);
      }
    },
  },
  // Ids of the first version have no tag of their user in them: their rows are found by an index that has no others.
  '009-sessions-without-tag': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('sessions').addColumn('without_tag', 'bigint').execute();
      await sql`create index sessions_without_tag on sessions (user_id) where without_tag = 1`.execute(db);
      for (
        let page = await pageAfter(db, '');
        page.length > 0;
        page = await pageAfter(db, page.at(-1)!.key)
      ) {
        const keys = page.filter(({ key, userId }) => !isTagged(key, userId)).map(({ key }) => key);
        if (keys.length > 0)
          await sql`update sessions set without_tag = 1 where key in (${sql.join(keys)})`.execute(db);
      }
    },
  },
  // A page of a user's live sessions, newest first, without a look at the others.
  '010-sessions-by-sign-in': {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql`create index if not exists sessions_by_sign_in on sessions (user_id, created_at, key, kind)
        where ended_at is null`.execute(db);
    },
  },
  '011-audit-counts': {
    async up(db: Kysely<unknown>): Promise<void> {
      const table = db.schema.alterTable('audit_events');
      await table.addColumn('count', 'bigint', (column) => column.notNull().defaultTo(1)).execute();
      await table.addColumn('last_at', 'bigint').execute();
    },
  },
});

interface SessionKey {
  readonly key: string;
  readonly userId: string;
}

async function pageAfter(db: Kysely<unknown>, key: string): Promise<SessionKey[]> {
  const page = sql<SessionKey>`
    select key, user_id as "userId" from sessions where key > ${key} order by key limit 5000`;
  return (await page.execute(db)).rows;
}

/** Whether a key begins as those of the user's sessions do. */
function isTagged(key: string, userId: string): boolean {
  return key.startsWith(hash('sha256', userId, 'base64url').slice(0, 4));
}

export function migrationsFor(engine: Engine): MigrationProvider {
  return { getMigrations: () => Promise.resolve(migrations(engine)) };
}

/** An error unless every migration has run; `names` are those that have, as the database says. Changes nothing. */
export async function requireMigrated(migrator: Migrator, names: () => Promise<string[]>): Promise<void> {
  const known = await migrator.getMigrations();
  const pending = known.filter(({ executedAt }) => executedAt === undefined);
  if (pending.length === known.length) throw new Error(`it has no tables of Coatcheck. ${WHO_MIGRATES}`);
  if (pending.length > 0) throw new Error(`its tables are of an earlier version. ${WHO_MIGRATES}`);
  const isKnown = (name: string) => known.some((migration) => migration.name === name);
  if (!(await names()).every(isKnown)) throw new Error(MIGRATED_BY_NEWER);
}

/** What went wrong when a database was opened and migrated, in words. */
export function explainMigration(error: unknown): string {
  const message = String(Object(error).message);
  return message.startsWith('corrupted migrations') ? MIGRATED_BY_NEWER : message;
}

/** The key of an address with its domain as DNS has it; unchanged where that is not to be had. */
function withAsciiDomain(key: string): string {
  const domain = key.lastIndexOf('@') + 1;
  const given = key.slice(domain);
  if (domain === 0 || !/[^\0-\x7f]|xn--/.test(given) || /[\0-\x20"#%/:<>?@[\\\]^`{|}\x7f]/.test(given))
    return key;
  return key.slice(0, domain) + (domainToASCII(given) || given);
}
