import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteConnection from 'better-sqlite3';
import { afterAll, beforeAll } from '@jest/globals';
import { Pool } from 'pg';
import { MemoryUserStore } from '../src/storage/memory/memory.user-store.js';
import { PostgresDatabase } from '../src/storage/sql/postgres.database.js';
import { SqlUserStore } from '../src/storage/sql/sql.user-store.js';
import { SqliteDatabase } from '../src/storage/sql/sqlite.database.js';
import { type DirectoryUnderTest, describeUserDirectory } from '../src/testing/describe-user-directory.js';
import { aUser } from '../src/testing/samples.js';
import { BuiltInDirectory } from '../src/users/built-in-directory.js';
import type { User } from '../src/users/user.js';
import { type Account, UserDirectory } from '../src/users/user-directory.js';
import type { UserStore } from '../src/users/user-store.js';
import { describeWithPostgres, newSchema } from './support/services.js';

const PATIENT = 10_000;
const newFile = () => join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');

function builtIn(users: UserStore, close: () => Promise<unknown>): DirectoryUnderTest<User> {
  return {
    directory: new BuiltInDirectory(users, { exactEmails: false }),
    insert: async ({ login, disabled }) => {
      const user = aUser({ email: login, disabled });
      await users.insert(user, 'hash');
      return user;
    },
    remove: ({ id }) => users.remove(id),
    close,
  };
}

describeUserDirectory(
  'BuiltInDirectory in memory',
  async () => builtIn(new MemoryUserStore(), () => Promise.resolve()),
  { hasNoHashes: true },
);

describeUserDirectory(
  'BuiltInDirectory on SQLite',
  async () => {
    const database = await SqliteDatabase.open(newFile(), PATIENT);
    return builtIn(new SqlUserStore(database), () => database.close());
  },
  { hasNoHashes: true },
);

interface Clerk {
  readonly id: number;
  readonly nick: string;
  readonly password: string | null;
  readonly active: 0 | 1;
  readonly is_manager: 0 | 1;
}

/** Clerks of a table of an application: integer ids, names as logins, and hashes of an older system. */
class ClerkDirectory extends UserDirectory<Clerk> {
  constructor(private readonly database: SqliteConnection.Database) {
    super();
  }

  /** Compares numbers: SQLite would take the texts ' 1', '01' and '1e0' for the number 1. */
  async findById(id: string): Promise<Clerk | null> {
    const key = Number(id);
    if (!Number.isSafeInteger(key) || String(key) !== id) return null;
    return this.#first('select * from clerks where id = ?', key);
  }

  async findByLogin(login: string): Promise<Clerk | null> {
    return this.#first('select * from clerks where nick = ?', login);
  }

  account({ id, nick, active, is_manager }: Clerk): Account {
    const roles = is_manager ? ['clerk', 'manager'] : ['clerk'];
    return { id: String(id), login: nick, roles, disabled: !active };
  }

  override legacyHash({ password }: Clerk): string | null {
    return password;
  }

  #first(query: string, value: unknown): Clerk | null {
    return this.database.prepare<[unknown], Clerk>(query).get(value) ?? null;
  }
}

describeUserDirectory(
  'A directory of integer ids on SQLite',
  async () => {
    const database = new SqliteConnection(':memory:');
    database.exec(`create table clerks (id integer primary key, nick text not null unique, password text,
      active integer not null, is_manager integer not null default 0)`);
    const insert = database.prepare<[string, string | null, number], Clerk>(
      'insert into clerks (nick, password, active) values (?, ?, ?) returning *',
    );
    return {
      directory: new ClerkDirectory(database),
      insert: async ({ login, legacyHash, disabled }) => insert.get(login, legacyHash, Number(!disabled))!,
      remove: async ({ id }) => database.prepare('delete from clerks where id = ?').run(id),
      close: async () => database.close(),
    };
  },
  { loginOf: (name) => name },
);

interface Guest {
  readonly id: string;
  readonly email: string;
}

/** Guests of a table with UUIDs, none of whom can be disabled. */
class GuestDirectory extends UserDirectory<Guest> {
  constructor(private readonly pool: Pool) {
    super();
  }

  /** PostgreSQL refuses texts that are no UUID, and takes several spellings for the same one. */
  async findById(id: string): Promise<Guest | null> {
    return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id) ? this.#first('id', id) : null;
  }

  /** PostgreSQL refuses texts with NUL. */
  async findByLogin(login: string): Promise<Guest | null> {
    return login.includes('\0') ? null : this.#first('email', login);
  }

  account({ id, email }: Guest): Account {
    return { id, login: email, roles: [], disabled: false };
  }

  async #first(column: keyof Guest, value: string): Promise<Guest | null> {
    const query = `select id, email from guests where ${column} = $1`;
    return (await this.pool.query<Guest>(query, [value])).rows[0] ?? null;
  }
}

describeWithPostgres('On PostgreSQL', () => {
  let schema: Awaited<ReturnType<typeof newSchema>>;
  let pool: Pool;

  beforeAll(async () => {
    schema = await newSchema();
    pool = new Pool({ connectionString: schema.url });
    await pool.query(
      'create table guests (id uuid primary key default gen_random_uuid(), email text not null unique)',
    );
    await (await PostgresDatabase.open(schema.url, PATIENT)).close();
  });
  afterAll(async () => {
    await pool.end();
    await schema.drop();
  });

  describeUserDirectory(
    'BuiltInDirectory',
    async () => {
      await pool.query('truncate coatcheck_users');
      const database = await PostgresDatabase.open(schema.url, PATIENT);
      return builtIn(new SqlUserStore(database), () => database.close());
    },
    { hasNoHashes: true },
  );

  describeUserDirectory(
    'A directory of UUIDs',
    async () => {
      await pool.query('truncate guests');
      return {
        directory: new GuestDirectory(pool),
        insert: async ({ login }) => {
          const query = 'insert into guests (email) values ($1) returning id, email';
          return (await pool.query<Guest>(query, [login])).rows[0]!;
        },
        remove: ({ id }) => pool.query('delete from guests where id = $1', [id]),
        close: () => Promise.resolve(),
      };
    },
    { hasNoHashes: true, hasNoDisabled: true },
  );
});
