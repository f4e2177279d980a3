type Step = () => Promise<unknown> | void;

const steps: Step[] = [];

/** Has something done when all is over, last in, first out, also when the comparison is interrupted. */
export function whenOver(step: Step): void {
  steps.push(step);
}

/** Does what is still to be done, whatever fails; what failed is told. */
export async function cleanUp(): Promise<void> {
  for (let step = steps.pop(); step; step = steps.pop()) {
    try {
      await step();
    } catch (error) {
      console.error(error);
    }
  }
}

/** Cleans up when the user stops the comparison. */
export function cleanUpOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void cleanUp().then(() => process.exit(1)));
  }
}
