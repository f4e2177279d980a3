import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import SqliteConnection from 'better-sqlite3';
import { Client } from 'pg';
import { newName, newSchema } from './services.js';

const run = promisify(execFile);

/** A user as an application inserts one that it has had for years. */
export interface FormerUser {
  readonly username: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly passwordHash: string | null;
}

/** The table or collection of an application's users, changed as the application changes it. */
export interface UserTable {
  /** The variables that lead an application to the table. */
  readonly variables: Readonly<Record<string, string>>;
  /** Those that lead its tests there, which empty it. */
  readonly testVariables: Readonly<Record<string, string>>;
  /** Returns the id as text. */
  insert(user: FormerUser): Promise<string>;
  clearHash(id: string): Promise<void>;
  setActive(id: string, isActive: boolean): Promise<void>;
  remove(id: string): Promise<void>;
  /** The names of all columns, in order. */
  columns(): Promise<string[]>;
  drop(): Promise<void>;
}

const INSERT = 'insert into app_user (username, email, roles, password_hash) values';

/** The table of `schema.sql` in a new schema of PostgreSQL. */
export async function tableOnPostgres(folder: string): Promise<UserTable> {
  const schema = await newSchema();
  const client = new Client({ connectionString: schema.url });
  await client.connect();
  await client.query(readFileSync(join(folder, 'schema.sql'), 'utf8'));
  const change = async (statement: string, values: unknown[]) => void (await client.query(statement, values));
  return {
    variables: { DATABASE_URL: schema.url, DATABASE_SCHEMA: schema.name },
    testVariables: { TEST_DATABASE_URL: schema.url, DATABASE_SCHEMA: schema.name },
    insert: async ({ username, email, roles, passwordHash }) => {
      const values = [username, email, roles, passwordHash];
      const { rows } = await client.query<{ id: number | string }>(
        `${INSERT} ($1, $2, $3, $4) returning id`,
        values,
      );
      return String(rows[0]!.id);
    },
    clearHash: (id) => change('update app_user set password_hash = null where id = $1', [id]),
    setActive: (id, isActive) => change('update app_user set is_active = $2 where id = $1', [id, isActive]),
    remove: (id) => change('delete from app_user where id = $1', [id]),
    columns: async () => {
      const { rows } = await client.query<{ name: string }>(
        `select column_name as name from information_schema.columns
         where table_schema = $1 and table_name = 'app_user' order by ordinal_position`,
        [schema.name],
      );
      return rows.map(({ name }) => name);
    },
    drop: async () => {
      await client.end();
      await schema.drop();
    },
  };
}

/** The table of `schema.sql` in a new file of SQLite. */
export async function tableOnSqlite(folder: string): Promise<UserTable> {
  const file = join(folder, 'app.db');
  const connection = new SqliteConnection(file);
  connection.exec(readFileSync(join(folder, 'schema.sql'), 'utf8'));
  const change = async (statement: string, ...values: unknown[]) =>
    void connection.prepare(statement).run(...values);
  return {
    variables: { DATABASE_FILE: file },
    testVariables: {},
    insert: async ({ username, email, roles, passwordHash }) => {
      const insert = connection.prepare(`${INSERT} (?, ?, ?, ?)`);
      return String(insert.run(username, email, JSON.stringify(roles), passwordHash).lastInsertRowid);
    },
    clearHash: (id) => change('update app_user set password_hash = null where id = ?', id),
    setActive: (id, isActive) =>
      change('update app_user set is_active = ? where id = ?', Number(isActive), id),
    remove: (id) => change('delete from app_user where id = ?', id),
    columns: async () =>
      connection.prepare("select name from pragma_table_info('app_user')").pluck().all() as string[],
    drop: async () => void connection.close(),
  };
}

/** Changes a collection with the Mongoose of an application, and prints what a change gives as JSON. */
const CHANGE_COLLECTION = `
import mongoose from 'mongoose';
const [url, change, id, value] = process.argv.slice(1);
const { connection } = await mongoose.connect(url);
const users = connection.collection('app_users');
const _id = id && new mongoose.Types.ObjectId(id);
const changes = {
  insert: async () => (await users.insertOne({ isActive: true, ...JSON.parse(value) })).insertedId,
  set: () => users.updateOne({ _id }, { $set: JSON.parse(value) }),
  remove: () => users.deleteOne({ _id }),
  columns: async () => [...new Set((await users.find().toArray()).flatMap(Object.keys))],
};
process.stdout.write(JSON.stringify(await changes[change]()));
await mongoose.disconnect();
`;

/** The collection of an application in a new database of a server. */
export function collectionOnMongo(folder: string, server: string): UserTable {
  const name = newName();
  const urlOf = (database: string) => new URL(database, `${server}/`).href;
  const url = urlOf(name);
  const change = async (name: string, id = '', value: object = {}): Promise<unknown> => {
    const args = ['--input-type=module', '-e', CHANGE_COLLECTION, url, name, id, JSON.stringify(value)];
    const { stdout } = await run(process.execPath, args, { cwd: folder });
    return JSON.parse(stdout);
  };
  return {
    variables: { MONGO_URL: url, DATABASE_URL: 'sqlite:credentials.db' },
    testVariables: { TEST_MONGO_URL: urlOf(`${name}_test`) },
    insert: async (user) => (await change('insert', '', user)) as string,
    clearHash: async (id) => void (await change('set', id, { passwordHash: null })),
    setActive: async (id, isActive) => void (await change('set', id, { isActive })),
    remove: async (id) => void (await change('remove', id)),
    columns: async () => (await change('columns')) as string[],
    drop: () => Promise.resolve(),
  };
}
