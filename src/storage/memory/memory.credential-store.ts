import type { OutboxMail } from '../../mail/outbox-mail.js';
import type { PutsMails } from '../../mail/puts-mails.js';
import { CredentialStore, FIRST_VERSION, type StoredCredential } from '../../users/credential-store.js';

const NONE: StoredCredential = { passwordHash: null, version: FIRST_VERSION };

/** Credentials in the memory of this process; a restart loses them. No method awaits between read and write. */
export class MemoryCredentialStore extends CredentialStore {
  readonly #credentials = new Map<string, StoredCredential>();

  /** `outbox` joins this store. */
  constructor(readonly outbox: PutsMails | null = null) {
    super();
  }

  async find(userId: string): Promise<StoredCredential | null> {
    return this.#credentials.get(userId) ?? null;
  }

  async adopt(userId: string, hash: string): Promise<boolean> {
    const { passwordHash, version } = this.#of(userId);
    if (passwordHash !== null) return false;
    this.#keep(userId, hash, version);
    return true;
  }

  async replace(
    userId: string,
    version: number,
    hash: string,
    _now: Date,
    mails: readonly OutboxMail[] = [],
  ): Promise<StoredCredential | null> {
    if (this.#of(userId).version !== version) return null;
    this.outbox?.put(mails);
    return this.#keep(userId, hash, version + 1);
  }

  async upgradeHash(userId: string, from: string, to: string): Promise<boolean> {
    const { passwordHash, version } = this.#of(userId);
    if (passwordHash !== from) return false;
    this.#keep(userId, to, version);
    return true;
  }

  async revoke(userId: string): Promise<number> {
    const { passwordHash, version } = this.#of(userId);
    return this.#keep(userId, passwordHash, version + 1).version;
  }

  async remove(userId: string): Promise<boolean> {
    return this.#credentials.delete(userId);
  }

  #of(userId: string): StoredCredential {
    return this.#credentials.get(userId) ?? NONE;
  }

  #keep(userId: string, passwordHash: string | null, version: number): StoredCredential {
    const credential = Object.freeze({ passwordHash, version });
    this.#credentials.set(userId, credential);
    return credential;
  }
}
