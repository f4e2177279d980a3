import type { OutboxMail } from '../../mail/outbox-mail.js';
import { type MailState, OutboxStore, type StoredMail } from '../../mail/outbox-store.js';
import type { PutsMails } from '../../mail/puts-mails.js';
import { boundedError, boundedFacts } from '../mail-bounds.js';

/** Mails in the memory of this process; a restart loses them. No method awaits between read and write. */
export class MemoryOutboxStore extends OutboxStore implements PutsMails {
  readonly #mails = new Map<string, StoredMail>();
  #lease: { readonly holder: string; readonly until: Date } | null = null;

  /** The stores of users, credentials and one-time tokens that were made with this outbox. */
  joins(store: object): boolean {
    return 'outbox' in store && store.outbox === this;
  }

  put(mails: readonly OutboxMail[]): void {
    const added = mails.map((mail) =>
      copyOf({
        id: mail.id,
        kind: mail.kind,
        to: mail.to,
        userId: mail.userId,
        language: mail.language,
        facts: boundedFacts(mail.facts),
        createdAt: mail.createdAt,
        attempts: 0,
        nextAt: mail.createdAt,
        error: null,
      }),
    );
    const isStored = (id: string) => this.#mails.has(id);
    if (added.some(({ id }) => isStored(id))) throw new Error('A mail of this id is stored already.');
    for (const mail of added) this.#mails.set(mail.id, mail);
  }

  async add(mails: readonly OutboxMail[]): Promise<void> {
    this.put(mails);
  }

  async claim(holder: string, now: Date, until: Date, limit: number): Promise<StoredMail[] | null> {
    const due = [...this.#mails.values()].filter(({ nextAt }) => nextAt !== null && nextAt <= now);
    if (due.length === 0) return [];
    const lease = this.#lease;
    if (lease && lease.holder !== holder && lease.until > now) return null;
    this.#lease = { holder, until: new Date(until) };
    return due
      .toSorted((a, b) => Number(a.nextAt) - Number(b.nextAt) || compareIds(a, b))
      .slice(0, limit)
      .map(copyOf);
  }

  async release(holder: string): Promise<void> {
    if (this.#lease?.holder === holder) this.#lease = null;
  }

  async remove(id: string): Promise<boolean> {
    return this.#mails.delete(id);
  }

  async postpone(id: string, nextAt: Date | null, error: string): Promise<boolean> {
    const mail = this.#mails.get(id);
    if (!mail) return false;
    const attempts = mail.attempts + 1;
    this.#mails.set(id, copyOf({ ...mail, attempts, nextAt, error: boundedError(error) }));
    return true;
  }

  async retry(id: string | null, now: Date): Promise<number> {
    const mails = this.#sorted(id === null ? 'failed' : null).filter((mail) => id === null || mail.id === id);
    for (const mail of mails) this.#mails.set(mail.id, copyOf({ ...mail, attempts: 0, nextAt: now }));
    return mails.length;
  }

  async list(state: MailState, limit: number, after: string | null): Promise<StoredMail[]> {
    return this.#sorted(state)
      .filter(({ id }) => after === null || id > after)
      .slice(0, limit)
      .map(copyOf);
  }

  async count(state: MailState): Promise<number> {
    return this.#sorted(state).length;
  }

  async forget(before: Date, limit: number): Promise<number> {
    const old = this.#sorted(null)
      .filter(({ createdAt }) => createdAt < before)
      .slice(0, limit);
    for (const { id } of old) this.#mails.delete(id);
    return old.length;
  }

  #sorted(state: MailState): StoredMail[] {
    return [...this.#mails.values()]
      .filter(({ nextAt }) => state === null || (nextAt === null) === (state === 'failed'))
      .toSorted(compareIds);
  }
}

function compareIds(a: StoredMail, b: StoredMail): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

function copyOf(mail: StoredMail): StoredMail {
  return {
    ...mail,
    facts: { ...mail.facts },
    createdAt: new Date(mail.createdAt),
    nextAt: mail.nextAt && new Date(mail.nextAt),
  };
}
