import { type FactorEntry, FactorStore } from '../../factors/factor-store.js';
import type { OutboxMail } from '../../mail/outbox-mail.js';
import type { PutsMails } from '../../mail/puts-mails.js';

/** Second factors in the memory of this process; a restart loses them. No method awaits between read and write. */
export class MemoryFactorStore extends FactorStore {
  readonly #entries = new Map<string, FactorEntry>();
  readonly #owners = new Map<string, string>();

  /** `outbox` joins this store. */
  constructor(readonly outbox: PutsMails | null = null) {
    super();
  }

  async find(userId: string): Promise<FactorEntry | null> {
    return this.#entries.get(userId) ?? null;
  }

  async ownerOf(handle: string): Promise<string | null> {
    return this.#owners.get(handle) ?? null;
  }

  async swap(
    userId: string,
    from: string | null,
    to: FactorEntry | null,
    mails: readonly OutboxMail[] = [],
  ): Promise<boolean> {
    const current = this.#entries.get(userId) ?? null;
    if ((current?.text ?? null) !== from || (!current && !to)) return false;
    const owner = to && this.#owners.get(to.handle);
    if (owner !== undefined && owner !== null && owner !== userId)
      throw new Error('Another user has this handle.');
    this.outbox?.put(mails);
    if (current) this.#owners.delete(current.handle);
    if (to) {
      this.#entries.set(userId, Object.freeze({ ...to }));
      this.#owners.set(to.handle, userId);
    } else this.#entries.delete(userId);
    return true;
  }
}
