import { expect } from '@jest/globals';
import type { OutboxMail } from '../../src/mail/outbox-mail.js';
import { SqlCredentialStore } from '../../src/storage/sql/sql.credential-store.js';
import type { SqlDatabase } from '../../src/storage/sql/sql.database.js';
import { SqlOutboxStore } from '../../src/storage/sql/sql.outbox-store.js';
import { SqlSessionStore } from '../../src/storage/sql/sql.session-store.js';
import { SqlTokenStore } from '../../src/storage/sql/sql.token-store.js';
import { SqlUserStore } from '../../src/storage/sql/sql.user-store.js';
import { aMail, aUser } from '../../src/testing/samples.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

/** Of many processes on two connections one sends, until its lease ends, and each after a wrong clock. */
export async function expectOneSender(here: SqlDatabase, there: SqlDatabase): Promise<void> {
  const outboxes = [new SqlOutboxStore(here), new SqlOutboxStore(there)] as const;
  const mail = aMail();
  await outboxes[0].add([mail]);
  for (const seconds of [0, 30]) {
    const claims = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        outboxes[index % 2]!.claim(`process ${index}`, after(seconds), after(seconds + 30), 10),
      ),
    );
    expect(claims.filter((mails) => mails !== null).map((mails) => mails.map(({ id }) => id))).toEqual([
      [mail.id],
    ]);
  }
  expect(await outboxes[0].claim('late', after(59), after(60), 10)).toBeNull();
  expect(
    await outboxes[0].claim('from next year', after(365 * 86_400), after(366 * 86_400), 10),
  ).toHaveLength(1);
  expect(await outboxes[1].claim('now', after(60), after(90), 10)).toHaveLength(1);
}

/** An outbox joins the stores of its own connection that take mails, and no others. */
export function expectToJoinItsOwn(here: SqlDatabase, there: SqlDatabase): void {
  const outbox = new SqlOutboxStore(here);
  for (const Store of [SqlUserStore, SqlCredentialStore, SqlTokenStore])
    expect([outbox.joins(new Store(here)), outbox.joins(new Store(there))]).toEqual([true, false]);
  expect(outbox.joins(new SqlSessionStore(here))).toBe(false);
}

/** A mail that the database refuses after the change undoes the change. */
export async function expectNeitherChangeNorMail(database: SqlDatabase): Promise<void> {
  const [users, credentials] = [new SqlUserStore(database), new SqlCredentialStore(database)];
  const [tokens, outbox] = [new SqlTokenStore(database), new SqlOutboxStore(database)];
  const [user, other] = [aUser(), aUser()];
  await users.insert(user, 'hash');
  const mails: OutboxMail[] = [aMail(), { ...aMail(), language: null as unknown as string }];
  const changes = [
    () => users.insert(other, 'hash', mails),
    () => users.update(user.id, { firstName: 'Ann' }, noon, 'admin', mails),
    () => users.replacePassword(user.id, 1, 'new hash', noon, mails),
    () => credentials.replace(user.id, 1, 'new hash', noon, mails),
    () => tokens.swap('key', null, 'text', after(60), noon, mails),
    () => outbox.add(mails),
  ];
  for (const change of changes) await expect(change()).rejects.toThrow('The store refuses this permanently.');
  expect(await users.find(other.id)).toBeNull();
  expect(await users.findCredentialById(user.id)).toEqual({ user, passwordHash: 'hash' });
  expect(await credentials.find(user.id)).toBeNull();
  expect(await tokens.read('key', noon)).toBeNull();
  expect(await outbox.count(null)).toBe(0);
}
