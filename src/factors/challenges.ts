import type { Clock } from '../common/clock.js';
import { later } from '../common/clock.js';
import { digest } from '../common/digest.js';
import { untilStored } from '../common/until-stored.js';
import type { TokenStore } from '../users/token-store.js';

/** Something that a client must answer or finish within a time. Each belongs to one session or one sign-in, and is used once. */
export class Challenges {
  /** `validFor` in milliseconds. */
  constructor(
    private readonly purpose: string,
    private readonly store: TokenStore,
    private readonly clock: Clock,
    private readonly validFor: number,
  ) {}

  /** Keeps a text for an owner, in place of an earlier one. */
  async keep(owner: string, text: string): Promise<void> {
    const key = this.#keyOf(owner);
    await untilStored(async () => {
      const now = this.clock.now();
      const before = await this.store.read(key, now);
      return (await this.store.swap(key, before, text, later(now, this.validFor), now)) || null;
    });
  }

  /** The text of an owner; null if there is none or it has expired. */
  find(owner: string): Promise<string | null> {
    return this.store.read(this.#keyOf(owner), this.clock.now());
  }

  /** The text of an owner, for one caller only. */
  async take(owner: string): Promise<string | null> {
    const text = await this.find(owner);
    return text !== null && (await this.remove(owner, text)) ? text : null;
  }

  /** Removes a text if it is still the one that is kept. Of racing callers, one gets true. */
  remove(owner: string, text: string): Promise<boolean> {
    const now = this.clock.now();
    return this.store.swap(this.#keyOf(owner), text, 'used', now, now);
  }

  #keyOf(owner: string): string {
    return `${this.purpose}:${digest(owner)}`;
  }
}
