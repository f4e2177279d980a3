import { MemoryTextTable } from './memory.text-table.js';
import { TextThrottleStore } from './text-throttle-store.js';

/** Counters in the memory of this process. They end with it and are not shared. */
export class MemoryThrottleStore extends TextThrottleStore {
  constructor() {
    super(new MemoryTextTable());
  }
}
