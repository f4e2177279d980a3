import { expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Client } from 'pg';
import { describeWithPostgres, newSchema } from '../../../test/support/services.js';
import { aSession, aUser } from '../../testing/samples.js';
import { StoreMisconfiguredError } from '../store-calls.js';
import { PostgresDatabase } from './postgres.database.js';
import { SqlSessionStore } from './sql.session-store.js';
import { SqlUserStore } from './sql.user-store.js';

const PATIENT = 10_000;
const noon = new Date('2026-01-01T12:00:00.000Z');

describeWithPostgres('A PostgreSQL store whose server changes', () => {
  it('is used through new connections when the old ones become read-only', async () => {
    const schema = await newSchema();
    const database = await PostgresDatabase.open(schema.url, PATIENT);
    const users = new SqlUserStore(database);
    const user = aUser();
    await users.insert(user, 'hash');
    await sql`set default_transaction_read_only = on`.execute(database.db);
    expect(await users.find(user.id)).toEqual(user);
    const { rows } = await sql`show default_transaction_read_only`.execute(database.db);
    expect(rows).toEqual([{ default_transaction_read_only: 'off' }]);
    await database.close();
    await schema.drop();
  });

  it.each([
    ['a statement', (store: SqlSessionStore) => store.insert(aSession())],
    [
      'a transaction',
      (store: SqlSessionStore) => store.insert(aSession(), { max: 9, policy: 'refuse' as const }),
    ],
  ])('writes by new connections what a read-only one refused (%s)', async (_, write) => {
    const schema = await newSchema();
    const database = await PostgresDatabase.open(schema.url, PATIENT);
    // Not reported, as by older versions: the write itself must fail.
    await sql`set session characteristics as transaction read only`.execute(database.db);
    expect(await write(new SqlSessionStore(database))).toMatchObject({ outcome: 'inserted' });
    await database.close();
    await schema.drop();
  });

  it.each([
    ['a column of another type', sql`alter table coatcheck_users alter column first_name type varchar(90)`],
    ['statements that are not prepared any more', sql`deallocate all`],
  ])('does not mind %s', async (_, change) => {
    const schema = await newSchema();
    const database = await PostgresDatabase.open(schema.url, PATIENT);
    const users = new SqlUserStore(database);
    const user = aUser();
    await users.insert(user, 'hash');
    expect(await users.find(user.id)).toEqual(user);
    await change.execute(database.db);
    expect(await users.find(user.id)).toEqual(user);
    await database.close();
    await schema.drop();
  });

  it('reports as permanent what it always refuses', async () => {
    const schema = await newSchema();
    const database = await PostgresDatabase.open(schema.url, PATIENT);
    await sql`alter table coatcheck_users rename to people`.execute(database.db);
    await expect(new SqlUserStore(database).count()).rejects.toBeInstanceOf(StoreMisconfiguredError);
    const session = { ...aSession(), createdAt: new Date(NaN) };
    await expect(new SqlSessionStore(database).insert(session)).rejects.toMatchObject({
      code: 'value_not_storable',
    });
    await expect(new SqlSessionStore(database).find('id', noon)).rejects.toBeInstanceOf(
      StoreMisconfiguredError,
    );
    await database.close();
    await schema.drop();
  });
});

describeWithPostgres('A start on PostgreSQL', () => {
  it.each(['LATIN1', 'SQL_ASCII', 'EUC_JP'])(
    'refuses a database with the encoding %s, and names it',
    async (encoding) => {
      const schema = await newSchema();
      const admin = new Client({ connectionString: schema.url });
      await admin.connect();
      const url = new URL(schema.url);
      url.pathname = `/${schema.name}`;
      await admin.query(
        `create database ${schema.name} encoding '${encoding}' template template0 lc_collate 'C' lc_ctype 'C'`,
      );
      try {
        await expect(PostgresDatabase.open(url.href.replaceAll('+', '%20'), PATIENT)).rejects.toThrow(
          `The encoding of the database is ${encoding}, which cannot hold every character.`,
        );
      } finally {
        await admin.query(`drop database ${schema.name} with (force)`);
        await admin.end();
        await schema.drop();
      }
    },
  );

  it('skips a read-only server and uses the next one of the URL', async () => {
    const schema = await newSchema();
    const readOnly = `${schema.url}%20-c%20default_transaction_read_only%3Don`;
    await expect(PostgresDatabase.open(readOnly, PATIENT)).rejects.toThrow(/: The server is read-only/);
    const { hostname, port } = new URL(schema.url);
    const several = schema.url.replace(/@[^/]+/, `@${hostname}:1,${hostname}:${port || 5432}`);
    const database = await PostgresDatabase.open(several, PATIENT);
    expect(await new SqlUserStore(database).count()).toBe(0);
    await database.close();
    await schema.drop();
  });
});
