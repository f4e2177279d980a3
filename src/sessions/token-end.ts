/** Longest life of an access token in milliseconds: 366 days. */
const LONGEST_LIFE = 366 * 86_400_000;

/** Why an access token must not expire at this time; null if it may. */
export function tokenEndFault(expiresAt: Date, now: Date): string | null {
  const left = expiresAt.getTime() - now.getTime();
  return left > 0 && left <= LONGEST_LIFE ? null : 'Must be in the future and at most 366 days from now.';
}
