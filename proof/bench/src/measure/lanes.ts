/** Does the work of each index below a count, so many at a time, begun in order; what came of them, in order. */
export async function inLanes<R>(
  count: number,
  lanes: number,
  work: (index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
