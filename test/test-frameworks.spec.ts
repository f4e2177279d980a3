import { spawnSync } from 'node:child_process';
import type * as nodeTest from 'node:test';
import * as jestModule from '@jest/globals';
import type { Expect } from 'expect';
import { MemoryThrottleStore } from 'coatcheck';
import { type TestFramework, describeThrottleStore } from 'coatcheck/testing';

const { describe, expect, it } = jestModule;

type NodeTest = Pick<typeof nodeTest, 'describe' | 'it' | 'beforeEach' | 'afterEach'>;

/** Checked by the compiler: what hosts pass needs no cast. */
export const ofNodeTest = (functions: NodeTest, ofPackage: Expect): TestFramework => ({
  ...functions,
  expect: ofPackage,
});

describeThrottleStore(
  'MemoryThrottleStore with functions passed in',
  () => Promise.resolve({ store: new MemoryThrottleStore(), close: () => Promise.resolve() }),
  {},
  jestModule,
);

/** Runs `node` with the build in `dist`. */
function run(args: readonly string[], store: string) {
  const { PATH = '' } = process.env;
  const env = { PATH, STORE: store };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('The published suites', () => {
  it('pass under node:test for stores that keep the rules', () => {
    const { status, output } = run(
      ['--test', '--test-reporter=tap', 'test/fixtures/suites/node-test.js'],
      'right',
    );
    expect(output).toContain('# Subtest: Basic as a strategy');
    expect(output).toMatch(/^# fail 0$/m);
    expect(Number(/^# pass (\d+)$/m.exec(output)?.[1])).toBeGreaterThan(100);
    expect(status).toBe(0);
  });

  it('fail under node:test for a store that breaks a rule', () => {
    const { status, output } = run(
      ['--test', '--test-reporter=tap', 'test/fixtures/suites/node-test.js'],
      'broken',
    );
    expect(output).toMatch(/^ *not ok \d+ - returns true to one of many racing callers$/m);
    expect(status).not.toBe(0);
  });

  it('say what to pass if there are no global functions', () => {
    const { status, output } = run(['test/fixtures/suites/no-framework.js'], 'right');
    expect(output).toContain(
      'There is no global describe, it, expect, beforeEach, afterEach: pass { describe, it, expect, beforeEach, afterEach } of your test framework as the last argument of the suite.',
    );
    expect(status).toBe(1);
  });
});
