/**
 * Runs work whose time must not tell what it found. The result comes after a multiple of `step` milliseconds, so a difference that is
 * much smaller than a step is seen only where it passes the end of one.
 */
export async function inEvenSteps<T>(step: number, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  try {
    return await work();
  } finally {
    const passed = performance.now() - begin;
    const rest = Math.ceil(passed / step) * step - passed;
    await new Promise((resolve) => setTimeout(resolve, rest));
  }
}
