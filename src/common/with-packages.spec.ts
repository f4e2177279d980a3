import { describe, expect, it } from '@jest/globals';
import { withPackages } from './with-packages.js';

const NEEDED = { by: 'The store', packages: 'a-driver' };
const MISSING: string = 'a-package-that-is-not-installed';
const missing = async () => import(MISSING);

describe('What needs an optional package', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['that is missing', missing],
    [
      'that is missing, as the cause of another error',
      () =>
        missing().catch((cause: unknown) => {
          throw new Error('Cannot open the store.', { cause });
        }),
    ],
  ])('names the command that installs one %s', async (_, open) => {
    await expect(withPackages(NEEDED, open)).rejects.toThrow(
      'The store needs a package that is not installed. Run: npm install a-driver',
    );
  });

  it('leaves every other error as it is', async () => {
    const error = new Error('Cannot open the store.', { cause: 'a text' });
    await expect(withPackages(NEEDED, () => Promise.reject(error))).rejects.toBe(error);
  });
});
