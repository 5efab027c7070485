/** What was measured must also be right. */
import { entry } from './data.mjs';

const SAMPLE = 256;

export function expect(condition, message) {
  if (!condition) throw new Error(`wrong result: ${message}`);
}

export function expectValue(name, { key, value }, received) {
  expect(received !== undefined && value.equals(received), `${name}, the value of ${key}`);
}

/** A store holds the entries 0 to `count`, dealt to `actors`: their number, and a sample of their bytes. */
export async function expectEntries(name, store, count, actors) {
  await store.settle?.();
  const found = await store.count();
  expect(found === count, `${name} has ${found} entries, not ${count}`);
  for (let i = 0; i < SAMPLE; i++) {
    const wanted = entry(Math.round((i * (count - 1)) / (SAMPLE - 1)), actors);
    expectValue(name, wanted, await store.get(wanted));
  }
}

/** A visitor for a scan of the entries 0 to `count` of one actor, and what to call at its end. */
export function scanChecker(name, count) {
  let n = 0;
  return {
    visit(key, value) {
      const wanted = entry(n++, 1);
      expect(key === wanted.key, `${name} gives ${key} where ${wanted.key} belongs`);
      expectValue(name, wanted, value);
    },
    end: () => expect(n === count, `${name} scans ${n} entries, not ${count}`),
  };
}
