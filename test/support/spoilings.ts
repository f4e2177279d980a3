import { type RawBuilder, sql } from 'kysely';
import type { AuditEvent } from '../../src/audit/audit-event.js';
import type { OutboxMail } from '../../src/mail/outbox-mail.js';
import type { StoredSession } from '../../src/sessions/session.js';
import { userTag } from '../../src/sessions/session-token.js';
import type { RedisCommands } from '../../src/storage/redis/redis-commands.js';
import { keyOf } from '../../src/storage/sql/session-key.js';
import type { SqlDatabase } from '../../src/storage/sql/sql.database.js';
import type { Spoilings } from '../../src/testing/store-under-test.js';
import type { User } from '../../src/users/user.js';

/** Later than every date that there is. */
const NO_DATE = sql`9000000000000000000`;

/** What only SQLite takes: of any type, in every column. */
const BYTES = sql`x'00ff'`;
const WORDS = sql`'the day before'`;

type Values = Readonly<Record<string, Readonly<Record<string, RawBuilder<unknown>>>>>;

const SESSIONS: Values = {
  'no date of sign-in': { created_at: NO_DATE },
  'no date of its end': { expires_at: NO_DATE },
  'a kind of another version': { kind: sql`'passkey'` },
  'an empty scope': { scope: sql`''` },
  'a version below zero': { credential_version: sql`-1` },
  'ended for no reason that there is': { ended_at: sql`1767268800000`, end_reason: sql`'eclipse'` },
};
const SESSIONS_IN_SQLITE: Values = {
  ...SESSIONS,
  'words for a date': { expires_at: WORDS },
  'words for the date of its last use': { last_seen_at: WORDS },
  'bytes for a hash': { secret_hash: BYTES },
  'bytes for an address': { ip: BYTES },
};
const USERS: Values = {
  'no date': { created_at: NO_DATE },
  'no date of the verification': { email_verified_at: NO_DATE },
  'a version below zero': { credential_version: sql`-1` },
};
const USERS_IN_SQLITE: Values = {
  ...USERS,
  'words for a date': { created_at: WORDS },
  'bytes for a name': { first_name: BYTES },
  'bytes for a version': { credential_version: BYTES },
};
const CREDENTIALS: Values = {
  'a version below the first': { version: sql`0` },
  'no version': { version: NO_DATE },
  'no hash and no version': { password_hash: sql`null`, version: sql`-1` },
};
const CREDENTIALS_IN_SQLITE: Values = {
  ...CREDENTIALS,
  'bytes for a version': { version: BYTES },
  'words for a version, and no hash': { version: WORDS, password_hash: sql`null` },
  'bytes for a hash': { password_hash: BYTES },
};
const EVENTS: Values = {
  'no date': { at: NO_DATE },
  'no number': { count: NO_DATE },
  'a number below zero': { count: sql`-1` },
  'no date of the last time': { last_at: NO_DATE },
  'details that are no JSON': { details: sql`'{"method":'` },
  'details that are empty': { details: sql`''` },
  'details that are a list of lists': { details: sql`'[[]]'` },
  'details that are null': { details: sql`'null'` },
  'a type of another version': { type: sql`'eclipse'` },
};
const EVENTS_IN_SQLITE: Values = { ...EVENTS, 'bytes for an address': { ip: BYTES } };

const MAILS: Values = {
  'no date': { created_at: NO_DATE },
  'attempts below zero': { attempts: sql`-1` },
  'a kind of another version': { kind: sql`'eclipse'` },
  'facts that are no JSON': { facts: sql`'{"ip":'` },
  'facts that are a list': { facts: sql`'[]'` },
  'facts that are null': { facts: sql`'null'` },
  'a fact of another type': { facts: sql`'{"credentialVersion":"1"}'` },
  'facts of a million characters': { facts: sql.lit(JSON.stringify({ label: 'x'.repeat(1e6) })) },
};
const MAILS_IN_SQLITE: Values = {
  ...MAILS,
  'words for a date': { created_at: WORDS },
  'bytes for an address': { recipient: BYTES },
  'bytes for facts': { facts: BYTES },
};

/** An expiry in the far future, in epoch milliseconds. */
const LAST = 8.64e15;

/** Texts that no counter has. The parser of SQL stores has tests of its own. */
const UNREADABLE = [
  'forgiven',
  '{}',
  '{"stranger":{"level":1',
  'null',
  '[]',
  '-1',
  '1e300',
  '1767268800000 3',
  '"text"',
  '{"since":1767268800000,"counts":[]}',
  '{"since":1767268800000,"counts":{"all":"many"}}',
  '{"since":1e300,"counts":{}}',
  '{"level":0,"inARow":"9","at":1767268800000}',
  '{"level":-1,"inARow":9,"at":1767268800000}',
  '{"level":0,"inARow":9,"at":1767268800000.5}',
  '{"stranger":{"level":0,"inARow":9,"at":1767268800000},"network":null,"browser":null,"holders":{}}',
];

type Database = () => SqlDatabase;

/** Ways to spoil what is in the tables, as the database takes them. */
export function sqlSpoilings(database: Database, engine: 'sqlite' | 'postgres') {
  const isSqlite = engine === 'sqlite';
  const byId = ({ id }: { readonly id: string }) => sql`id = ${id}`;
  const byKey = (key: string) => sql`key = ${key}`;
  return {
    sessions: spoilings<StoredSession>(
      database,
      'sessions',
      ({ id }) => sql`key = ${keyOf(id)}`,
      isSqlite ? SESSIONS_IN_SQLITE : SESSIONS,
    ),
    users: spoilings<User>(database, 'users', byId, isSqlite ? USERS_IN_SQLITE : USERS),
    credentials: spoilings<string>(
      database,
      'credentials',
      (userId) => sql`user_id = ${userId}`,
      isSqlite ? CREDENTIALS_IN_SQLITE : CREDENTIALS,
    ),
    events: {
      ...spoilings<AuditEvent>(database, 'audit_events', byId, isSqlite ? EVENTS_IN_SQLITE : EVENTS),
      'an id that is none': ({ id }: AuditEvent) =>
        sql`update coatcheck_audit_events set id = ${`${id.slice(0, -1)}~`} where id = ${id}`.execute(
          database().db,
        ),
    },
    mails: spoilings<OutboxMail>(database, 'outbox', byId, isSqlite ? MAILS_IN_SQLITE : MAILS),
    tallies: spoilings<string>(database, 'tallies', byKey, {
      ...Object.fromEntries(UNREADABLE.slice(0, 3).map((text) => [text, { text: sql.lit(text) }])),
      ...(isSqlite ? { bytes: { text: BYTES } } : {}),
    }),
    tokens: isSqlite ? spoilings<string>(database, 'tallies', byKey, { bytes: { text: BYTES } }) : {},
  };
}

function spoilings<T>(
  database: Database,
  table: string,
  where: (entry: T) => RawBuilder<unknown>,
  values: Values,
): Spoilings<T> {
  return Object.fromEntries(
    Object.entries(values).map(([name, columns]) => {
      const set = sql.join(
        Object.entries(columns).map(([column, value]) => sql`${sql.ref(column)} = ${value}`),
      );
      const spoil = (entry: T) =>
        sql`update ${sql.table(table)} set ${set} where ${where(entry)}`.execute(database().db);
      return [name, spoil];
    }),
  );
}

/** Ways to spoil a session in Redis. */
export function redisSessionSpoilings(redis: () => RedisCommands): Spoilings<StoredSession> {
  const run = (script: string, { id, userId }: StoredSession, ...args: string[]) =>
    redis().run(script, [`${redis().prefix}:${userTag(userId)}`], [id, ...args]);
  const lineOf = async (session: StoredSession) =>
    String(await run(`return redis.call('HGET', KEYS[1], ARGV[1])`, session));
  const set = (session: StoredSession, line: string) =>
    run(`return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])`, session, line);
  const change = (to: (line: string) => string) => async (session: StoredSession) =>
    set(session, to(await lineOf(session)));
  const become = (command: string) => (session: StoredSession) =>
    run(`redis.call('DEL', KEYS[1]) return redis.call(${command})`, session);
  return {
    empty: change(() => ''),
    'cut in the middle': change((line) => line.slice(0, line.length / 2)),
    'cut before its end': change((line) => line.slice(0, -1)),
    'of another version': change((line) => `v2 ${line}`),
    'JSON alone': change(() => '{"userId":"ann"}'),
    'no JSON behind its words': change((line) => `${line.slice(0, line.indexOf('['))}["`),
    'no facts': change((line) => `${line.slice(0, line.indexOf('['))}[]`),
    'no date of its end': change((line) => line.replace(/^\d+/, '9'.repeat(19))),
    'words for a date': change((line) => line.replace(/^\d+/, 'never')),
    'a kind of another version': change((line) => line.replace('"session"', '"passkey"')),
    'ended for no reason that there is': change((line) => line.replace(' - - ', ' 1767268800000 eclipse ')),
    'in a list where a hash is expected': become(`'RPUSH', KEYS[1], 'x'`),
    'in a text where a hash is expected': become(`'SET', KEYS[1], 'x'`),
  };
}

/** Ways to spoil a count in Redis. */
export function redisTallySpoilings(redis: () => RedisCommands): Spoilings<string> {
  const become =
    (command: string, ...args: string[]) =>
    (key: string) =>
      redis().run(
        `redis.call('DEL', KEYS[1]) return redis.call('${command}', KEYS[1], unpack(ARGV))`,
        [`${redis().prefix}:tally:${key}`],
        args,
      );
  return {
    ...Object.fromEntries(UNREADABLE.map((text) => [text, become('SET', `${LAST} ${text}`)])),
    empty: become('SET', ''),
    'a word': become('SET', 'never'),
    'no time': become('SET', '1e99 text'),
    'a list': become('RPUSH', 'x'),
    'a hash': become('HSET', 'x', 'y'),
  };
}
