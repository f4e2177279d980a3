import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';

/** The share of planted faults, in percent, that the specs of a part must notice. */
const TARGET = 85;

/** What is judged: files, and where the specs lie that are to notice faults in them. */
const PARTS = {
  guard: {
    mutate: ['src/auth/guards/*.ts', 'src/server/http/unmatched-routes.ts'],
    specs: ['src/auth/guards/', 'src/server/http/unmatched-routes'],
  },
  strategies: {
    mutate: ['src/auth/auth.provider.ts', 'src/auth/strategies/*.ts'],
    specs: ['src/auth/auth.provider', 'src/auth/strategies/'],
  },
  cookie: {
    mutate: ['src/auth/carriers/session-cookie.ts'],
    specs: ['src/auth/carriers/session-cookie'],
  },
  sessions: {
    mutate: ['src/sessions/*.ts'],
    specs: ['src/sessions/'],
  },
  throttle: {
    mutate: ['src/throttle/*.ts'],
    specs: ['src/throttle/', 'src/storage/memory/'],
  },
};

/** Milliseconds after which a spec is taken to go on for ever: more than its own time-outs, on a busy machine too. */
const PATIENCE = 60_000;

const NOTICED = new Set(['Killed', 'Timeout']);
const MISSED = new Set(['Survived', 'NoCoverage']);

/** Plants faults in copies of a part's files, one at a time; what became of each. */
function plantFaults(part, { concurrency, incremental }) {
  const { mutate, specs } = PARTS[part];
  return new Stryker({
    plugins: ['@stryker-mutator/jest-runner'],
    mutate: [...mutate, '!src/**/*.spec.ts'],
    testRunner: 'jest',
    testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    jest: {
      configFile: 'jest.config.js',
      config: { testEnvironment: 'node', testRegex: specs.map((place) => `${place}.*\\.spec\\.ts$`) },
    },
    coverageAnalysis: 'perTest',
    concurrency,
    timeoutMS: PATIENCE,
    incremental,
    incrementalFile: `proof/mutation/build/${part}.incremental.json`,
    ignorePatterns: ['/proof/bench', '/dist', '/build', '/proof/mutation'],
    tempDirName: 'proof/mutation/build/sandboxes',
    reporters: ['progress', 'clear-text', 'html', 'json'],
    clearTextReporter: { logTests: false, reportTests: false, reportScoreTable: false },
    htmlReporter: { fileName: `proof/mutation/build/${part}.html` },
    jsonReporter: { fileName: `proof/mutation/build/${part}.json` },
    warnings: { slow: false },
  }).runMutationTest();
}

function summaryOf(part, results) {
  const count = (statuses) => results.filter(({ status }) => statuses.has(status)).length;
  const [noticed, missed] = [count(NOTICED), count(MISSED)];
  const percent = Math.floor((1000 * noticed) / (noticed + missed)) / 10;
  return {
    part,
    planted: noticed + missed,
    noticed,
    'of these by time': count(new Set(['Timeout'])),
    percent,
  };
}

const { values, positionals } = parseArgs({
  options: {
    concurrency: { type: 'string', default: '2' },
    incremental: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const chosen = positionals.length > 0 ? positionals : Object.keys(PARTS);
const settings = { ...values, concurrency: Number(values.concurrency) };
const results = new Map();
for (const part of chosen) results.set(part, await plantFaults(part, settings));
const summaries = [...results].map(([part, found]) => summaryOf(part, found));
console.table([...summaries, summaryOf('all', [...results.values()].flat())]);
if (summaries.some(({ percent }) => percent < TARGET)) process.exitCode = 1;
