import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { READY_WITHIN } from '../src/server/workers.js';
import { Server, newFolder } from './support/server.js';

const run = promisify(execFile);

it('a server replaces a worker that hangs while it starts', async () => {
  const server = await Server.start(newFolder(), { WORKERS: '2' });
  const workers = async () => {
    const { stdout } = await run('pgrep', ['-P', String(server.pid)]);
    return stdout.trim().split('\n').map(Number);
  };
  try {
    const before = await workers();
    process.kill(before[0]!, 'SIGKILL');
    let hanging: number | undefined;
    while (hanging === undefined) {
      hanging = (await workers()).find((pid) => !before.includes(pid));
      await delay(5);
    }
    process.kill(hanging, 'SIGSTOP');
    await delay(READY_WITHIN.replacement + 5000);
    const after = await workers();
    expect(after).toHaveLength(2);
    expect(after).not.toContain(hanging);
    expect(server.output()).toContain(
      `Worker ${hanging} was not ready within 30000 ms. A new worker replaces it.`,
    );
    expect((await fetch(`${server.url}/api/v1/status`)).status).toBe(200);
  } finally {
    await server.stop('SIGKILL');
  }
});
