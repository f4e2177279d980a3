import type { PutsMails } from '../mail/puts-mails.js';
import { MemoryTextTable } from '../throttle/memory.text-table.js';
import { TextTokenStore } from './text-token-store.js';

/** Reset tokens in the memory of this process. They end with it and are not shared. */
export class MemoryTokenStore extends TextTokenStore {
  /** `outbox` joins this store. */
  constructor(readonly outbox: PutsMails | null = null) {
    super(new MemoryTextTable());
  }
}
