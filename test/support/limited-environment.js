import { Worker } from 'node:worker_threads';
import { TestEnvironment } from 'jest-environment-node';

/** One per process, for all suites that run in it. */
let watchdog;

/** Node, in which a suite that does not end within some minutes is killed, together with its worker process. */
export default class LimitedEnvironment extends TestEnvironment {
  #limit;

  constructor(config, context) {
    super(config, context);
    this.#limit = { suite: context.testPath, minutes: config.projectConfig.testEnvironmentOptions.minutes };
  }

  async setup() {
    await super.setup();
    watchdog ??= new Worker(new URL('suite-limit.js', import.meta.url));
    watchdog.unref();
    watchdog.postMessage(this.#limit);
  }

  handleTestEvent({ name, test, hook }) {
    if (name === 'test_fn_start') watchdog.postMessage({ step: titleOf(test) });
    if (name === 'hook_start') watchdog.postMessage({ step: `${hook.type} ${titleOf(hook.parent)}`.trim() });
  }

  async teardown() {
    watchdog.postMessage({ suite: null });
    await super.teardown();
  }
}

/** The names of a test or block and of those around it; empty for the whole file. */
function titleOf({ name, parent }) {
  return parent ? `${titleOf(parent)} ${name}`.trim() : '';
}
