import type { TestFramework } from './test-framework.js';

/** A store to test, and how to close it. */
export interface StoreUnderTest<T> {
  readonly store: T;
  close(): Promise<void>;
}

/** Opens a new store before each test, passes it to `use`, and closes it after the test. */
export function openForEachTest<T>(
  { beforeEach, afterEach }: TestFramework,
  open: () => Promise<StoreUnderTest<T>>,
  use: (store: T) => void,
): void {
  let opened: StoreUnderTest<T>;
  beforeEach(async () => {
    opened = await open();
    use(opened.store);
  });
  afterEach(() => opened.close());
}

/** By name, functions that make an entry of the opened store unreadable, without the store itself. */
export type Spoilings<T> = Readonly<Record<string, (entry: T) => Promise<unknown>>>;
