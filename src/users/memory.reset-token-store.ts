import { MemoryTextTable } from '../throttle/memory.text-table.js';
import { TextResetTokenStore } from './text-reset-token-store.js';

/** Reset tokens in the memory of this process. They end with it and are not shared. */
export class MemoryResetTokenStore extends TextResetTokenStore {
  constructor() {
    super(new MemoryTextTable());
  }
}
