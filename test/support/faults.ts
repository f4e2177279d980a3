import { describe, expect, it } from '@jest/globals';
import type { Scenario } from '../../proof/faults/scenario.js';
import { MissingEngineError } from '../../proof/faults/support.js';

const PATIENCE = 240_000;

/** Of scenarios of `npm run faults`, as much as a test run has time for. Where an engine is missing that is said aloud, and fails with `CI=true`. */
export function describeFaults(scenarios: readonly Scenario[]): void {
  describe('The server, in a campaign of faults', () => {
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
}
