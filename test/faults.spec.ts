import { describe, expect, it } from '@jest/globals';
import { crashes } from '../faults/crashes.js';
import { races } from '../faults/races.js';
import { stopping } from '../faults/stopping.js';
import { MissingEngineError } from '../faults/support.js';
import { sweeping } from '../faults/sweeping.js';
import { trouble } from '../faults/trouble.js';

const LISTS = { crashes, races, trouble, stopping, sweeping };
const PATIENCE = 240_000;

/** The campaign of `npm run faults`, of each scenario as much as a test run has time for. */
describe.each(Object.entries(LISTS))('Of the faults, %s', (_list, scenarios) => {
  it.each(scenarios)(
    '$title: meets its targets',
    async ({ title, play }) => {
      try {
        const measurements = await play('short');
        expect(measurements.filter(({ isMet }) => !isMet)).toEqual([]);
        expect(measurements).not.toEqual([]);
      } catch (error) {
        if (!(error instanceof MissingEngineError) || process.env.CI === 'true') throw error;
        console.warn(`${title}: not played. ${error.message}`);
      }
    },
    PATIENCE,
  );
});
