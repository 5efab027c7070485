/**
 * Resolves when the callers that are running now have issued their next calls: those whose promises have just settled do so in microtasks, and
 * nextTick runs when no microtask is left. A group taken at once would divide what was issued together.
 */
export function endOfMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    queueMicrotask(() => {
      process.nextTick(resolve);
    });
  });
}
