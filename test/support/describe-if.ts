import { describe } from '@jest/globals';

/** `describe` where a service is reached; elsewhere it is skipped aloud, and with `CI=true` fails. */
export async function describeIf(
  name: string,
  variable: string,
  reach: () => void | Promise<void>,
): Promise<(title: string, clauses: () => void) => void> {
  try {
    await reach();
    return describe;
  } catch (error) {
    const problem = `No ${name} is reached (${variable}): ${String(Object(error).message)}`;
    if (process.env.CI === 'true') throw new Error(problem, { cause: error });
    console.warn(problem);
    return describe.skip;
  }
}
