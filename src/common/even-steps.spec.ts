import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { inEvenSteps } from './even-steps.js';

describe('Work in even steps', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each([
    [10, 50],
    [49, 50],
    [51, 100],
    [120, 150],
  ])('of %d ms ends after %d, whether it succeeds or fails', async (ms, end) => {
    for (const outcome of ['done', 'failed']) {
      let result = 'pending';
      const work = async () => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        if (outcome === 'failed') throw new Error(outcome);
        return outcome;
      };
      void inEvenSteps(50, work).then(
        (value) => (result = value),
        (error: Error) => (result = error.message),
      );
      await jest.advanceTimersByTimeAsync(end - 1);
      expect(result).toBe('pending');
      await jest.advanceTimersByTimeAsync(1);
      expect(result).toBe(outcome);
    }
  });
});
