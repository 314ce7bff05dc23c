/**
 * Works on several items at a time and yields the results in the order of the items, each as soon as
 * it and all before it are there.
 *
 * @param limit - how many items are worked on at once
 */
export async function* mapInOrder<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const jobs = items.map((item) => ({ item, result: Promise.withResolvers<R>() }));
  const waiting = jobs.values();

  async function workOff(): Promise<void> {
    for (const { item, result } of waiting) {
      await work(item).then(result.resolve, result.reject);
    }
  }

  const workers = Array.from({ length: limit }, workOff);
  for (const { result } of jobs) yield await result.promise;
  await Promise.all(workers);
}
