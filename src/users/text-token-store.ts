import { type TextTable, swapping } from '../throttle/text-table.js';
import { TokenStore } from './token-store.js';

/** Reset tokens on texts. */
export class TextTokenStore extends TokenStore {
  constructor(private readonly texts: TextTable) {
    super();
  }

  async read(key: string, now: Date): Promise<string | null> {
    const [text = null] = await this.texts.read([key], now);
    return text;
  }

  swap(key: string, from: string | null, to: string, until: Date, now: Date): Promise<boolean> {
    return this.texts.change(key, () => swapping(key, from, to, until), now);
  }
}
