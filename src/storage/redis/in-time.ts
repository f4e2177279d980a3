/** The answer, or a rejection where there is none within so many milliseconds; one that is there already is read before. */
export function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => setImmediate(reject, new Error(`No answer within ${ms} ms.`));
    const timer = setTimeout(giveUp, ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
