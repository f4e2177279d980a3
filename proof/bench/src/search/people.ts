import { randomUUID } from 'node:crypto';
import { type Subject, type User, run } from './databases.js';

const FIRST = [
  'Ann',
  'Anna',
  'Ben',
  'Carla',
  'Dan',
  'Eva',
  'Finn',
  'Greta',
  'Hugo',
  'Ida',
  'Jan',
  'Jo',
  'Kai',
  'Lea',
  'Maria',
  'Mia',
  'Noah',
  'Olga',
  'Paul',
  'Quinn',
  'Rosa',
  'Tom',
  'Uwe',
  'Vera',
];
const SYLLABLES = [
  'ba',
  'be',
  'da',
  'fel',
  'gru',
  'han',
  'kel',
  'lan',
  'mei',
  'nor',
  'ros',
  'sa',
  'ster',
  'tor',
  'wein',
];

const INDEXES = [
  'users_by_creation',
  'users_by_email',
  'users_by_last_name',
  'users_by_first_name',
  'users_by_role',
];

/** Users per statement. */
const BATCH = 1000;

/**
 * One of many users, oldest first. One in 50 is disabled, and of the oldest 3 % all are. Of a thousand users one is an
 * administrator.
 */
export function person(index: number, all: number): User {
  const first = `${FIRST[random(FIRST.length)]!}${random(3) === 0 ? SYLLABLES[random(SYLLABLES.length)]! : ''}`;
  const last = capital([0, 1, 2].map(() => SYLLABLES[random(SYLLABLES.length)]!).join(''));
  const lot = random(1000);
  const createdAt = new Date(1_700_000_000_000 + index * 1000);
  return {
    id: randomUUID(),
    email: `${first}.${last}.${index}@example.com`,
    firstName: first,
    lastName: last,
    role: lot === 0 ? 'admin' : 'user',
    disabled: index < all * 0.03 || random(50) === 0,
    credentialVersion: 1,
    createdAt,
    updatedAt: createdAt,
    emailVerifiedAt: null,
  };
}

/** Fills an empty database with users, and has the engine gather statistics as it does by itself after a while. */
export async function fill(subject: Subject, count: number, tell: (done: number) => void): Promise<void> {
  const indexes = await dropIndexes(subject);
  if (subject.engine === 'SQLite') await run(subject, 'pragma cache_size = -1000000');
  for (let done = 0; done < count; done += BATCH) {
    const size = Math.min(BATCH, count - done);
    const rows = Array.from({ length: size }, (_, index) => rowOf(person(done + index, count)));
    await subject.database.write((db) => db.insertInto('users').values(rows).execute());
    tell(done + size);
  }
  for (const definition of indexes) await run(subject, definition);
  if (subject.engine === 'SQLite') await run(subject, 'pragma cache_size = -2000');
  if (subject.engine === 'PostgreSQL') await run(subject, 'vacuum analyze coatcheck_users');
}

/** Drops the indexes of the search, and returns their definitions. */
export async function dropIndexes(subject: Subject): Promise<string[]> {
  const definitions =
    subject.engine === 'SQLite'
      ? `select name, sql as definition from sqlite_master where type = 'index'`
      : `select indexname as name, indexdef as definition from pg_indexes where schemaname = current_schema()`;
  const indexes = await run<{ name: string; definition: string }>(subject, definitions);
  const dropped = indexes.filter(({ name }) => INDEXES.some((one) => name.endsWith(one)));
  for (const { name } of dropped) await run(subject, `drop index ${name}`);
  return dropped.map(({ definition }) => definition);
}

function rowOf(user: User) {
  return {
    id: user.id,
    email: user.email,
    email_key: user.email.toLowerCase(),
    first_name: user.firstName,
    last_name: user.lastName,
    by_last_name: `${user.lastName ?? ''} ${user.firstName ?? ''}`.toLowerCase(),
    by_first_name: `${user.firstName ?? ''} ${user.lastName ?? ''}`.toLowerCase(),
    role: user.role,
    disabled: Number(user.disabled),
    password_hash: '$2b$12$0123456789012345678901234567890123456789012345678901',
    credential_version: 1,
    created_at: user.createdAt.getTime(),
    updated_at: user.updatedAt.getTime(),
  };
}

function random(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
