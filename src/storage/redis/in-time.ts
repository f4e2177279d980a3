/** The answer, or a rejection after `ms` milliseconds. An answer that has already arrived is still accepted then. */
export function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => setImmediate(reject, new Error(`No answer within ${ms} ms.`));
    const timer = setTimeout(giveUp, ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
