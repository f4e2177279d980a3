import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { campaign } from '../proof/fuzz/campaign.js';

const REQUESTS = 2000;

describe('The server, sent whatever the seeds of `npm run fuzz` make', () => {
  it('neither fails nor breaks nor repeats it', async () => {
    const { seeds } = JSON.parse(readFileSync('proof/fuzz/seeds.json', 'utf8')) as { seeds: number[] };
    const { sent, counts, targets, failures } = await campaign({ requests: REQUESTS, seeds });
    expect(failures).toEqual([]);
    expect(targets.filter(({ isMet }) => !isMet)).toEqual([]);
    expect(sent).toBe(REQUESTS);
    expect(counts.size).toBe(4);
    for (const statuses of counts.values())
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 404]));
  });
});
