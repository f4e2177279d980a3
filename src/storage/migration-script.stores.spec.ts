import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import SqliteConnection from 'better-sqlite3';
import { Client } from 'pg';
import { describeWithPostgres, newSchema } from '../../test/support/services.js';
import { aSession, aUser } from '../testing/samples.js';
import { ALL_USERS } from '../users/user-query.js';
import { openBackend } from './connections.js';
import { migrationScript } from './migration-script.js';
import { isReading, recorder } from './sql/migration-statements.js';
import { MIGRATIONS } from './sql/migrations.js';
import { USUAL_TABLES } from './table-options.js';

const TIMEOUT = 10_000;
const TABLES = { ...USUAL_TABLES, tablePrefix: 'login_' };
const noon = new Date('2026-01-01T12:00:00.000Z');

/** An empty database. */
interface Place {
  readonly url: string;
  /** Executes statements as another program does. */
  run(statements: string): Promise<void>;
  /** Columns, constraints and indexes, without the name of the schema. */
  schema(): Promise<unknown>;
  rows(table: string): Promise<unknown>;
  close(): Promise<void>;
}

async function newFile(): Promise<Place> {
  const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
  const using = <T>(work: (connection: SqliteConnection.Database) => T) => {
    const connection = new SqliteConnection(file);
    try {
      return work(connection);
    } finally {
      connection.close();
    }
  };
  const all = (query: string) => using((connection) => connection.prepare(query).all());
  return {
    url: `sqlite:${file}`,
    run: async (statements) => void using((connection) => connection.exec(statements)),
    schema: async () => all('select type, name, tbl_name, sql from sqlite_master order by name'),
    rows: async (table) => all(`select * from ${table}`),
    close: async () => {},
  };
}

async function newPostgresSchema(): Promise<Place> {
  const schema = await newSchema();
  const client = new Client({ connectionString: schema.url });
  await client.connect();
  const all = async (query: string) => (await client.query(query)).rows as unknown[];
  const ours = `current_schema()::regnamespace`;
  return {
    url: schema.url,
    run: async (statements) => {
      try {
        await client.query(statements);
      } catch (error) {
        await client.query('rollback');
        throw error;
      }
    },
    schema: async () => {
      const columns =
        await all(`select relname, attname, attnum, format_type(atttypid, atttypmod), attnotnull,
        attcollation::regcollation, pg_get_expr(adbin, adrelid) from pg_class
        join pg_attribute on attrelid = pg_class.oid left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relnamespace = ${ours} and relkind = 'r' and attnum > 0 order by relname, attnum`);
      const indexes = await all(`select pg_get_indexdef(indexrelid) from pg_index
        join pg_class on pg_class.oid = indexrelid where relnamespace = ${ours} order by relname`);
      const constraints = await all(`select conname, conrelid::regclass, pg_get_constraintdef(oid)
        from pg_constraint where connamespace = ${ours} order by conname`);
      return JSON.parse(JSON.stringify([columns, indexes, constraints]).replaceAll(`${schema.name}.`, ''));
    },
    rows: (table) => all(`select * from ${table} order by 1`),
    close: async () => {
      await client.end();
      await schema.drop();
    },
  };
}

/** The beginning of a script, up to a migration. */
const upTo = (migration: string, statements: string) =>
  `${statements.split(new RegExp(`(?<='${migration}'.*;)\n`), 1)[0]}\ncommit;`;

/** The same statements for tables without a prefix. */
const withoutPrefix = (engine: 'sqlite' | 'postgres', statements: string) =>
  statements
    .replaceAll('login_migrations', engine === 'sqlite' ? 'kysely_migration' : 'coatcheck_migration')
    .replaceAll('login_', '');

const script = (place: Place) => migrationScript(place.url, TABLES);
const migrate = async (place: Place) => (await openBackend(place.url, TIMEOUT, TABLES)).close();

/** Throws unless a program that may not change tables can start, and can sign in. */
async function expectToWork(place: Place): Promise<void> {
  const { users, sessions, close } = await openBackend(place.url, TIMEOUT, { ...TABLES, tables: 'require' });
  const [user, session] = [aUser(), aSession()];
  expect(await users!.insert(user, 'hash')).toBe(true);
  await sessions.insert(session);
  expect(await sessions.find(session.id, noon)).toEqual(session);
  await close();
}

for (const [engine, describeIt, newPlace] of [
  ['sqlite', describe, newFile],
  ['postgres', describeWithPostgres, newPostgresSchema],
] as const)
  describeIt(`The statements of a migration on ${engine}`, () => {
    const open: Place[] = [];
    const places = async (count: number) => {
      const made = await Promise.all(Array.from({ length: count }, newPlace));
      open.push(...made);
      return made as [Place, Place];
    };

    afterEach(async () => {
      await Promise.all(open.splice(0).map((place) => place.close()));
    });

    it('make of an empty database what the migration makes', async () => {
      const [place, other] = await places(2);
      await place.run(await script(place));
      await migrate(other);
      expect(await place.schema()).toEqual(await other.schema());
      await expectToWork(place);
      expect(await script(place)).toMatch(/^-- Up to date: [^\n]+$/);
    });

    it('begin where the tables are now', async () => {
      const [complete] = await places(1);
      await complete.run(await script(complete));
      const names = Object.keys(MIGRATIONS[engine]);
      for (const last of names) {
        const [place] = await places(1);
        await place.run(upTo(last, await script(place)));
        const rest = await script(place);
        const left = names.slice(names.indexOf(last) + 1);
        expect(names.filter((name) => rest.includes(`'${name}'`))).toEqual(left);
        await place.run(rest);
        expect(await place.schema()).toEqual(await complete.schema());
      }
    });

    it('rename the tables of version 0.1 and keep their rows', async () => {
      const [place, other] = await places(2);
      const dump = readFileSync(`test/fixtures/version-0.1.${engine}.sql`, 'utf8');
      await place.run(dump);
      await other.run(dump);
      await place.run(await script(place));
      await migrate(other);
      expect(await place.schema()).toEqual(await other.schema());
      for (const table of ['users', 'sessions', 'tallies', 'audit_events']) {
        expect(await place.rows(`login_${table}`)).toEqual(await other.rows(`login_${table}`));
        expect(await place.rows(`login_${table}`)).not.toEqual([]);
      }
      await expectToWork(place);
    });

    it('rename and migrate the tables of the first version, which have no prefix', async () => {
      const [place, other] = await places(2);
      for (const each of [place, other])
        await each.run(withoutPrefix(engine, upTo('001-users-and-sessions', await script(each))));
      await place.run(await script(place));
      await migrate(other);
      expect(await place.schema()).toEqual(await other.schema());
      await expectToWork(place);
    });

    it('change nothing where they are executed again, each by itself', async () => {
      const [place] = await places(1);
      const statements = await script(place);
      await place.run(statements);
      await expectToWork(place);
      const sessions = await place.rows('login_sessions');
      for (const statement of statements.split(';\n')) await place.run(statement).catch(() => {});
      expect(await place.rows('login_sessions')).toEqual(sessions);
    });

    it('are only read: nothing is changed and no file is created', async () => {
      const [place] = await places(1);
      const before = await place.schema();
      await script(place);
      expect(await place.schema()).toEqual(before);
      await migrate(place);
      const [complete, rows] = [await place.schema(), await place.rows('login_migrations')];
      await script(place);
      await migrationScript(place.url, { ...TABLES, tablePrefix: 'other_' });
      expect([await place.schema(), await place.rows('login_migrations')]).toEqual([complete, rows]);
    });

    it.each([
      [
        'an address with an international domain',
        '007-session-kinds',
        `insert into login_users values ('u', 'a@ä.org', 'a@ä.org', null, null, 'user', 0, 'hash', 1, 1, 1)`,
        '008-international-domains',
      ],
      [
        'a session',
        '001-users-and-sessions',
        `insert into login_sessions values ('s', 'u', 'hash', 1, 1, 1, 1, 1, null, null, 1, null, null)`,
        '009-sessions-without-tag',
      ],
      [
        'a name with letters beyond ASCII',
        '009-sessions-without-tag',
        `insert into login_users values ('u', 'a@b.org', 'a@b.org', 'Zoë', null, 'user', 0, 'hash', 1, 1, 1)`,
        '013-user-search',
      ],
    ])('do not exist where %s needs the program', async (_, last, row, migration) => {
      const [place, earlier] = await places(2);
      await place.run(`${upTo(last, await script(place))}\n${row};`);
      await earlier.run(withoutPrefix(engine, `${upTo(last, await script(earlier))}\n${row};`));
      for (const each of [place, earlier])
        await expect(script(each)).rejects.toThrow(
          `its rows need values that SQL cannot compute (${migration}). Run the command migrate without --sql instead.`,
        );
    });
  });

for (const [engine, describeIt, newPlace] of [
  ['sqlite', describe, newFile],
  ['postgres', describeWithPostgres, newPostgresSchema],
] as const)
  describeIt(`The keys of names that were there before the search, on ${engine}`, () => {
    const search = async (place: Place) => {
      const { users, close } = await openBackend(place.url, TIMEOUT, TABLES);
      const found = async (name: string) => {
        const page = await users!.list({ ...ALL_USERS, name });
        return page.users.map(({ id }) => id);
      };
      const all = [await found('ANN'), await found('lee a'), await found('zO\u00cb'), await found('\u00e5')];
      await close();
      return all;
    };
    const insert = (id: string, first: string, last: string) =>
      `insert into login_users values ('${id}', '${id}@b.org', '${id}@b.org', ${first}, ${last}, 'user', 0, 'hash', 1, 1, 1);`;
    const plain = insert('a', `'ANN'`, `' Lee '`) + insert('n', 'null', 'null');

    it('are computed by SQL if all names are ASCII', async () => {
      const place = await newPlace();
      await place.run(`${upTo('009-sessions-without-tag', await script(place))}\n${plain}`);
      await place.run(await script(place));
      expect(await search(place)).toEqual([['a'], ['a'], [], []]);
      await place.close();
    });

    it('are computed by the program otherwise', async () => {
      const place = await newPlace();
      const others = insert('z', `'Zoe\u0308'`, 'null') + insert('o', 'null', `'\u00c5S'`);
      await place.run(`${upTo('009-sessions-without-tag', await script(place))}\n${plain}${others}`);
      expect(await search(place)).toEqual([['a'], ['a'], ['z'], ['o']]);
      await place.close();
    });
  });

describe('The statements of a migration', () => {
  it('of a file that does not exist do not create it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coatcheck-'));
    expect(await migrationScript(`sqlite:${join(folder, 'test.db')}`, TABLES)).toContain('create table');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leave no file beside a database in WAL mode', async () => {
    const place = await newFile();
    await migrate(place);
    const file = place.url.slice('sqlite:'.length);
    const before = readFileSync(file);
    await migrationScript(place.url, TABLES);
    expect(readFileSync(file)).toEqual(before);
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  it('name the database without its password', async () => {
    const url = 'postgres://ann:secret@127.0.0.1:1/coats';
    await expect(migrationScript(url, TABLES)).rejects.toThrow(
      'Cannot print the migration of postgres://127.0.0.1:1/coats: connect ECONNREFUSED 127.0.0.1:1',
    );
  });
});

describe.each(['sqlite', 'postgres'] as const)('A migration of %s', (engine) => {
  it.each(Object.entries(MIGRATIONS[engine]))(
    'reads rows only if it says which need it: %s',
    async (_, one) => {
      const statements: string[] = [];
      await one.up(recorder(engine, statements));
      expect(statements).not.toEqual([]);
      expect(statements.some(isReading)).toBe(one.hasRowsToCompute !== undefined);
    },
  );
});
