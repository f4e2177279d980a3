import { afterEach, describe, expect, it } from '@jest/globals';
import { lead, tell } from './support/processes.js';

describe('A server that cannot finish', () => {
  const groups: number[] = [];

  afterEach(() => {
    for (const pid of groups.splice(0)) tell(-pid, 'SIGKILL');
  });

  it.each([{ WORKERS: '1' }, { WORKERS: '2' }])(
    'ends within ten seconds and with exit code 1 (%j)',
    async (variables) => {
      const hang = `
      import { Server } from 'node:net';
      Server.prototype.close = function () { return this; };`;
      const server = lead(variables, ['--import', `data:text/javascript,${encodeURIComponent(hang)}`]);
      groups.push(server.pid);
      await server.url();
      const begin = performance.now();
      tell(server.pid, 'SIGTERM');
      expect(await server.ended).toEqual([1, null]);
      expect(performance.now() - begin).toBeLessThan(10_500);
      expect(server.output()).toContain('Could not stop in order within 9 s after SIGTERM');
    },
  );
});
