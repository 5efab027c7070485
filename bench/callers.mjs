/** Many calls in flight. */

/**
 * Deals `items` to `count` callers. Each awaits a call before it makes the next, so that so many are in flight until the items run out.
 * @returns {Promise<unknown[]>} The results, in the order of the items.
 */
export async function byCallers(count, items, call) {
  const results = new Array(items.length);
  const caller = async (first) => {
    for (let i = first; i < items.length; i += count) results[i] = await call(items[i]);
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, (_, i) => caller(i)));
  return results;
}
