/**
 * Does something with each of the items, a few at a time: what waits for an answer waits together. Rejects with the first
 * failure, once the others under way have ended.
 */
export async function eachOf<Item>(
  items: Iterable<Item>,
  act: (item: Item) => Promise<unknown>,
  width = 8,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const failures: unknown[] = [];
  async function work(): Promise<void> {
    for (let next = left.next(); next.done !== true && failures.length === 0; next = left.next()) {
      try {
        await act(next.value);
      } catch (failure) {
        failures.push(failure);
      }
    }
  }
  await Promise.all(Array.from({ length: width }, work));
  if (failures.length > 0) throw failures[0];
}
