import type { Kysely, Selectable } from 'kysely';
import { jsonIn } from '../../common/json.js';
import type { MailFacts, OutboxMail } from '../../mail/outbox-mail.js';
import type { StoredMail } from '../../mail/outbox-store.js';
import { boundedFacts } from '../mail-bounds.js';
import { readableMail } from '../readable.js';
import type { Schema } from './schema.js';
import type { Purpose, SqlDatabase } from './sql.database.js';

export type MailRow = Selectable<Schema['outbox']>;

/** No facts that are stored have a longer JSON text, in UTF-16 code units. */
const LONGEST_FACTS = 50_000;

/** Adds mails within a transaction, so that they are stored if it is committed. */
export async function insertMails(db: Kysely<Schema>, mails: readonly OutboxMail[]): Promise<void> {
  if (mails.length > 0) await db.insertInto('outbox').values(mails.map(toRow)).execute();
}

/**
 * Makes a change of one statement, and adds mails in the same step if its result is true or a row. Without mails it is the statement
 * alone. `subject` is that of the transaction.
 */
export function changeWithMails<T>(
  database: SqlDatabase,
  subject: string,
  mails: readonly OutboxMail[],
  statement: (db: Kysely<Schema>) => Promise<T>,
  purpose?: Purpose,
): Promise<T> {
  if (mails.length === 0) return database.write(statement, purpose);
  return database.transaction(
    subject,
    async (transaction) => {
      const result = await statement(transaction);
      if (result) await insertMails(transaction, mails);
      return result;
    },
    purpose,
  );
}

/** The mail of a row; null, with a line in the log, if the row is not valid. */
export function readMail(row: MailRow): StoredMail | null {
  return readableMail({
    id: row.id,
    kind: row.kind,
    to: row.recipient,
    userId: row.user_id,
    language: row.language,
    facts: factsIn(row.facts) as MailFacts,
    createdAt: new Date(row.created_at),
    attempts: row.attempts,
    nextAt: row.next_at === null ? null : new Date(row.next_at),
    error: row.error,
  });
}

function toRow(mail: OutboxMail): MailRow {
  const createdAt = mail.createdAt.getTime();
  return {
    id: mail.id,
    kind: mail.kind,
    recipient: mail.to,
    user_id: mail.userId,
    language: mail.language,
    facts: JSON.stringify(boundedFacts(mail.facts)),
    created_at: createdAt,
    attempts: 0,
    next_at: createdAt,
    error: null,
  };
}

function factsIn(text: string): unknown {
  return text.length <= LONGEST_FACTS ? jsonIn(text) : undefined;
}
