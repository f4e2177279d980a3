import { uuidText, uuidV7 } from './uuid-v7.js';

/** Makes ids in the order of time. Within one process each id is greater than the previous one, also within one millisecond. */
export class OrderedIds {
  #at = 0;
  #count = 0;

  next(now: Date): string {
    const at = now.getTime();
    this.#count = at === this.#at ? this.#count + 1 : 0;
    this.#at = at;
    return uuidText(uuidV7(at, this.#count));
  }
}

/** A lower bound: ids made before `at` are smaller, all others are not. */
export function firstIdAt(at: Date): string {
  const time = Math.max(at.getTime(), 0).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-`;
}
