/** A text under a key until an instant. */
export interface TextEntry {
  readonly key: string;
  readonly text: string;
  readonly until: Date;
}

/**
 * A change of texts. It yields the keys that it needs next, gets their texts (null for an absent one), and returns its outcome
 * with the texts to write.
 */
export type Change<T> = Generator<
  readonly string[],
  { readonly outcome: T; readonly writes: readonly TextEntry[] },
  readonly (string | null)[]
>;

/** Short texts with an expiry. An expired text is absent, and so is a value that is no text. No text is empty. */
export interface TextTable {
  /** The texts under these keys, in the same order; null if there is none. */
  read(keys: readonly string[], now: Date): Promise<(string | null)[]>;
  /**
   * Makes a change in one atomic step over all processes: a text that it got stays the same until its texts are written.
   * `begin` is called again if the step is repeated. Changes of one subject may wait for each other.
   */
  change<T>(subject: string, begin: () => Change<T>, now: Date): Promise<T>;
}

/** Sets a text if the current text is `from` (null: none). The outcome is whether it was set. */
export function* swapping(key: string, from: string | null, to: string, until: Date): Change<boolean> {
  const [text] = yield [key];
  const isExpected = text === from;
  return { outcome: isExpected, writes: isExpected ? [{ key, text: to, until }] : [] };
}
