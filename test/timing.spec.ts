import { describe, expect, it } from '@jest/globals';
import { auc } from '../proof/timing/auc.js';

describe('The area under the ROC curve', () => {
  it.each([
    [[1, 2, 3], [4, 5, 6], 1],
    [[4, 5, 6], [1, 2, 3], 1],
    [[1, 2], [1, 2], 0.5],
    [[1, 3], [2, 4], 0.75],
    [[2, 2, 2], [2], 0.5],
  ])('of %j and %j is %d', (one, other, area) => {
    expect(auc(one, other)).toBe(area);
  });
});
