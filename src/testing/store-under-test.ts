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
