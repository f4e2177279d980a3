/** The matchers that the suites use. */
interface Matchers {
  toBe(expected: unknown): unknown;
  toBeGreaterThan(expected: number): unknown;
  toBeGreaterThanOrEqual(expected: number): unknown;
  toBeLessThanOrEqual(expected: number): unknown;
  toBeNull(): unknown;
  toContain(expected: string): unknown;
  toEqual(expected: unknown): unknown;
  toHaveLength(expected: number): unknown;
  toMatch(expected: RegExp): unknown;
  toMatchObject(expected: object): unknown;
}

interface Expectation extends Matchers {
  readonly not: Matchers;
  readonly rejects: { toThrow(): Promise<unknown> };
}

type Hook = () => Promise<void> | void;

/**
 * The functions with which the suites declare tests. The modules `@jest/globals` and `vitest` have all of them. With
 * `node:test`, take `expect` from the package of this name.
 */
export interface TestFramework {
  describe(title: string, body: () => void): unknown;
  /** `timeout` is in milliseconds. A framework may ignore it. */
  it(title: string, body: () => Promise<void> | void, timeout?: number): unknown;
  expect(actual: unknown): Expectation;
  beforeEach(hook: Hook): unknown;
  afterEach(hook: Hook): unknown;
}

const NAMES = ['describe', 'it', 'expect', 'beforeEach', 'afterEach'] as const;

/** The functions of the test framework that are global. Throws if one is missing. */
export function globalTestFramework(): TestFramework {
  const globals = globalThis as unknown as TestFramework;
  const missing = NAMES.filter((name) => typeof globals[name] !== 'function');
  if (missing.length > 0)
    throw new Error(
      `There is no global ${missing.join(', ')}: pass { ${NAMES.join(', ')} } of your test framework as the last argument of the suite.`,
    );
  const { describe, it, expect, beforeEach, afterEach } = globals;
  return { describe, it, expect, beforeEach, afterEach };
}
