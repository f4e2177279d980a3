import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import SqliteConnection from 'better-sqlite3';
import { Client } from 'pg';
import { Server, newFolder, operate, refusal } from './support/server.js';
import { describeWithPostgres, newSchema } from './support/services.js';

/** A database that a test looks into past the server. */
interface Database {
  readonly variables: Readonly<Record<string, string>>;
  run(statements: string): Promise<void>;
  rows(query: string): Promise<readonly Record<string, unknown>[]>;
  tables(schema?: string): Promise<string[]>;
  close(): Promise<void>;
}

interface Engine {
  /** The database of version 0.1: `test/fixtures/version-0.1.<name>.sql`, and the session cookie that it knows. */
  readonly name: 'sqlite' | 'postgres';
  readonly cookie: string;
  readonly earlierMigrations: string;
  open(folder: string): Promise<Database>;
}

const PASSWORD = 'correct horse battery staple';

const SQLITE: Engine = {
  name: 'sqlite',
  cookie: 'sid=AaImRnPodTifdp94MfJT_g.xtEiWTALwExvACxFqvEQon3Uhqz9ELpxNUa_U9KnptU',
  earlierMigrations: 'kysely_migration',
  open: async (folder) => {
    const connection = new SqliteConnection(join(folder, 'coatcheck.db'));
    const rows = (query: string) => connection.prepare(query).all() as Record<string, unknown>[];
    return {
      variables: {},
      run: async (statements) => void connection.exec(statements),
      rows: async (query) => rows(query),
      tables: async () =>
        rows(`select name from sqlite_master where type = 'table' order by name`).map(
          ({ name }) => `${name}`,
        ),
      close: async () => void connection.close(),
    };
  },
};

const POSTGRES: Engine = {
  name: 'postgres',
  cookie: 'sid=AaImRo8BdROeOb354kCVZQ.08WNld_gpb7W_NNzwsnzhF0cr7Ntu8y279ZY7NpjR3g',
  earlierMigrations: 'coatcheck_migration',
  open: async () => {
    const schema = await newSchema();
    const client = new Client({ connectionString: schema.url });
    await client.connect();
    const rows = async (query: string) => (await client.query(query)).rows as Record<string, unknown>[];
    return {
      variables: { DATABASE_URL: schema.url },
      run: async (statements) => void (await client.query(statements)),
      rows,
      tables: async (name = schema.name) =>
        (await rows(`select tablename from pg_tables where schemaname = '${name}' order by 1`)).map(
          ({ tablename }) => `${tablename}`,
        ),
      close: async () => {
        await client.end();
        await schema.drop();
      },
    };
  },
};

const OURS = [
  'audit_events',
  'credentials',
  'factors',
  'migrations',
  'outbox',
  'sessions',
  'sweep_lease',
  'tallies',
  'users',
];
const named = (prefix: string) => OURS.map((name) => prefix + name);

/** Tables of another application that have the names of ours. */
const FOREIGN = `
  create table users (id integer primary key, email text, name text);
  insert into users values (7, 'guest@example.org', 'Guest');
  create table sessions (sid text primary key, sess text);
  insert into sessions values ('s1', '{}');
  create index sessions_by_user on sessions (sess);
  create table kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null);
  insert into kysely_migration values ('001-users-and-sessions', '2020-01-01T00:00:00.000Z');
  create table kysely_migration_lock (id varchar(255) not null primary key, is_locked integer not null);
  insert into kysely_migration_lock values ('migration_lock', 0);
`;
const FOREIGN_TABLES = ['kysely_migration', 'kysely_migration_lock', 'sessions', 'users'];

for (const [title, describeIt, engine] of [
  ['SQLite', describe, SQLITE],
  ['PostgreSQL', describeWithPostgres, POSTGRES],
] as const)
  describeIt(`A database of version 0.1 on ${title}`, () => {
    const open: { servers: Server[]; database: Database | null } = { servers: [], database: null };

    afterEach(async () => {
      await Promise.all(open.servers.splice(0).map((server) => server.stop('SIGKILL')));
      await open.database?.close();
      open.database = null;
    });

    async function earlierDatabase(folder: string): Promise<Database> {
      const database = await engine.open(folder);
      open.database = database;
      await database.run(readFileSync(`test/fixtures/version-0.1.${engine.name}.sql`, 'utf8'));
      const now = Date.now();
      await database.run(`update sessions set created_at = ${now}, authenticated_at = ${now},
        last_seen_at = ${now}, expires_at = ${now + 1_800_000}, forget_at = ${now + 88_200_000}`);
      return database;
    }

    async function start(folder: string, variables: Database['variables']): Promise<Server> {
      const server = await Server.start(folder, variables);
      open.servers.push(server);
      return server;
    }

    async function me({ url }: Server): Promise<[number, unknown]> {
      const response = await fetch(`${url}/api/v1/users/me`, { headers: { cookie: engine.cookie } });
      return [response.status, ((await response.json()) as { email?: string }).email];
    }

    it('is renamed once by processes that start at the same time, and old sessions and passwords are valid', async () => {
      const folder = newFolder();
      const database = await earlierDatabase(folder);
      const { variables } = database;
      const servers = await Promise.all([start(folder, variables), start(folder, variables)]);
      for (const server of servers) {
        expect(await me(server)).toEqual([200, 'ann@example.com']);
        const login = await fetch(`${server.url}/api/v1/auth_session/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email: 'ann@example.com', password: PASSWORD }),
        });
        expect(login.status).toBe(200);
      }
      const left = [engine.earlierMigrations, `${engine.earlierMigrations}_lock`];
      expect(await database.tables()).toEqual([...named('coatcheck_'), ...left].toSorted());
      const indexes =
        engine.name === 'sqlite'
          ? `select name from sqlite_master where type = 'index' and sql is not null`
          : `select indexname as name from pg_indexes where schemaname = current_schema()`;
      const names = (await database.rows(indexes)).map(({ name }) => `${name}`);
      expect(names.length).toBeGreaterThan(4);
      expect(names.filter((name) => !name.startsWith('coatcheck_'))).toEqual([]);
    });

    it('is refused by version 0.1 from then on', async () => {
      const folder = newFolder();
      const database = await earlierDatabase(folder);
      await start(folder, database.variables);
      const rows = await database.rows(`select name from ${engine.earlierMigrations} order by name`);
      expect(rows.map(({ name }) => name).at(-1)).toBe('999-tables-renamed');
    });

    it('is left as it is by a start that fails', async () => {
      const folder = newFolder();
      const database = await earlierDatabase(folder);
      await database.run('create table coatcheck_tallies (x integer)');
      const before = await database.tables();
      const { code, output } = await refusal(folder, database.variables);
      expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('coatcheck_tallies') });
      expect(await database.tables()).toEqual(before);
    });

    it('is not taken for one with tables of others, which stay as they are', async () => {
      const folder = newFolder();
      const database = await engine.open(folder);
      open.database = database;
      await database.run(FOREIGN);
      const dump = async () => {
        const found: unknown[] = [];
        for (const table of FOREIGN_TABLES) found.push(await database.rows(`select * from ${table}`));
        return JSON.stringify(found);
      };
      const before = await dump();
      const variables = { ...database.variables, TABLE_PREFIX: 'auth_' };
      const { code } = await operate(folder, ['user', 'create', '--email', 'a@b.c', '--password-stdin'], {
        variables,
        input: PASSWORD,
      });
      expect(code).toBe(1);
      await start(folder, variables);
      expect(await database.tables()).toEqual([...named('auth_'), ...FOREIGN_TABLES].toSorted());
      expect(await dump()).toBe(before);
      expect(await database.rows('select * from auth_users')).toEqual([]);
    });

    if (engine.name === 'postgres')
      it('is left alone by a server with a schema of its own, which it creates', async () => {
        const folder = newFolder();
        const database = await earlierDatabase(folder);
        const before = await database.tables();
        const [{ own }] = (await database.rows(`select current_schema() || '_own' as own`)) as [
          { own: string },
        ];
        const { output } = await start(folder, { ...database.variables, DATABASE_SCHEMA: own });
        expect(output()).toContain(`tables of Coatcheck with DATABASE_SCHEMA=${own.slice(0, -4)}`);
        expect(await database.tables()).toEqual(before);
        expect(await database.tables(own)).toEqual(named('coatcheck_'));
        await database.run(`drop schema ${own} cascade`);
      });
  });
