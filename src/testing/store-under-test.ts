import { afterEach, beforeEach } from '@jest/globals';

/** A store to be tried, and what puts it away. */
export interface StoreUnderTest<T> {
  readonly store: T;
  close(): Promise<void>;
}

/** Opens a store of its own for each clause of the suite around, hands it over, and puts it away afterwards. */
export function openForEachClause<T>(open: () => Promise<StoreUnderTest<T>>, use: (store: T) => void): void {
  let opened: StoreUnderTest<T>;
  beforeEach(async () => {
    opened = await open();
    use(opened.store);
  });
  afterEach(() => opened.close());
}

/** Ways to spoil an entry of the opened store, past the store: each leaves something under its id that is no entry of ours. */
export type Spoilings<T> = Readonly<Record<string, (entry: T) => Promise<unknown>>>;
