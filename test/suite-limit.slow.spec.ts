import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { isAlive } from './support/processes.js';
import { newFolder } from './support/server.js';

/** Runs Jest on suites, each of which may take three seconds. */
async function run(suites: Readonly<Record<string, string>>) {
  const rootDir = newFolder();
  for (const [name, code] of Object.entries(suites)) writeFileSync(join(rootDir, `${name}.test.js`), code);
  const config = JSON.stringify({
    rootDir,
    testEnvironment: resolve('test/support/limited-environment.js'),
    testEnvironmentOptions: { minutes: 0.05 },
    transform: {},
  });
  const args = ['--config', config, '--maxWorkers', '2', '--verbose'];
  const child = spawn(process.execPath, [resolve('node_modules/jest/bin/jest.js'), ...args]);
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { output: output + errors, code: code as number };
}

const GOOD = `test('is good', () => {});`;

describe('A suite that takes too long', () => {
  it.each([
    ['waits for something', `await new Promise(() => {});`],
    ['blocks its process', `for (;;);`],
  ])(
    'because its test %s is killed with its children, that test is named, and the other suites run',
    async (_, hang) => {
      const bad = `
      jest.setTimeout(1e9);
      describe('Something', () => {
        test('hangs', async () => {
          const child = require('child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' });
          require('fs').writeSync(2, 'child ' + child.pid);
          ${hang}
        });
      });`;
      const { output, code } = await run({ bad, good: GOOD, better: GOOD, best: GOOD });
      expect(output).toMatch(
        /bad\.test\.js has not ended within 0\.05 minutes .* Last step: Something hangs\n/,
      );
      expect(output).toContain('Test Suites: 1 failed, 3 passed, 4 total');
      expect(isAlive(Number(/child (\d+)/.exec(output)![1]))).toBe(false);
      expect(code).toBe(1);
    },
  );

  it('in a hook or while it is loaded is killed, too', async () => {
    const hook = `beforeAll(() => new Promise(() => {}), 1e9); ${GOOD}`;
    const { output, code } = await run({ hook, loading: `for (;;);`, good: GOOD });
    expect(output).toMatch(/hook\.test\.js has not ended .* Last step: beforeAll\n/);
    expect(output).toMatch(/loading\.test\.js has not ended .* Last step: loading\n/);
    expect(output).toContain('Test Suites: 2 failed, 1 passed, 3 total');
    expect(code).toBe(1);
  });
});
