import type { OutboxMail } from '../mail/outbox-mail.js';
import type { PutsMails } from '../mail/puts-mails.js';
import { MemoryTextTable } from '../throttle/memory.text-table.js';
import { type Change, swapping } from '../throttle/text-table.js';
import { TextTokenStore } from './text-token-store.js';

/** One-time tokens in the memory of this process. They end with it and are not shared. */
export class MemoryTokenStore extends TextTokenStore {
  readonly #table: MemoryTextTable;

  /** `outbox` joins this store. */
  constructor(readonly outbox: PutsMails | null = null) {
    const table = new MemoryTextTable();
    super(table);
    this.#table = table;
  }

  override swap(
    key: string,
    from: string | null,
    to: string,
    until: Date,
    now: Date,
    mails: readonly OutboxMail[] = [],
  ): Promise<boolean> {
    return this.#table.change(key, () => this.#puttingMails(swapping(key, from, to, until), mails), now);
  }

  *#puttingMails(swap: Change<boolean>, mails: readonly OutboxMail[]): Change<boolean> {
    const result = yield* swap;
    if (result.outcome) this.outbox?.put(mails);
    return result;
  }
}
