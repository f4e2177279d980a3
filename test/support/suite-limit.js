import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

/** A thread, because it has to end suites that block the main thread, too. */
let suite;
let step;
let overdue;

parentPort.on('message', (message) => {
  if (message.step) {
    step = message.step;
    return;
  }
  clearTimeout(overdue);
  ({ suite } = message);
  step = 'loading';
  if (suite) overdue = setTimeout(end, message.minutes * 60_000, message.minutes);
});

function end(minutes) {
  try {
    writeSync(2, `\n${suite} has not ended within ${minutes} minutes and is killed. Last step: ${step}\n`);
  } finally {
    // No exit code: Jest runs a suite again whose worker exits with one.
    kill(process.pid);
  }
}

/** Kills a process after its children, which would keep the output of Jest open. */
function kill(pid) {
  for (const child of childrenOf(pid)) kill(child);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}

function childrenOf(pid) {
  try {
    return execFileSync('pgrep', ['-P', `${pid}`], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return [];
  }
}
