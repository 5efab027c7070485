/** Gets and scans of one actor with many entries. */
import { contenders } from '../contenders/index.mjs';
import { expect, expectEntries, expectValue, scanChecker } from '../check.mjs';
import { entries, entry, picker, VALUE_BYTES } from '../data.mjs';
import { microseconds, race } from '../measure.mjs';
import { withStores } from '../workspace.mjs';

const ENTRIES = 100_000;
const GETS = 256;
/** By each of the callers that keep `GETS` in flight. */
const GETS_BY_EACH = 4;

/** @type {import('./index.mjs').Group} */
export const reads = {
  prepare(quick, use) {
    const count = quick ? ENTRIES / 10 : ENTRIES;
    const readers = contenders.filter(({ writesOnly }) => writesOnly !== true);
    return withStores(readers, { durable: false, actors: 1 }, async (stores) => {
      for (const [name, store] of stores) {
        await store.load(entries(0, count, 1));
        await expectEntries(name, store, count, 1);
      }
      await use({ stores, count });
    });
  },
  workloads: [
    pointReads('get', 'awaited get', 'get', GETS, async (store, wanted) => {
      const values = [];
      for (const entry of wanted) values.push(await store.get(entry));
      return values;
    }),
    lastEntry(),
    pointReads(`get-${GETS}-in-flight`, `${GETS} gets in flight`, 'getAll', GETS * GETS_BY_EACH, (store, wanted) =>
      store.getAll(wanted, GETS),
    ),
    pointReads(`get-many-${GETS}`, `getMany of ${GETS} keys`, 'getMany', GETS, (store, wanted) =>
      store.getMany(wanted),
    ),
    fullScan(),
  ],
};

/** A workload of the stores that offer `method`. */
function reading({ id, title, unit, method, rounds }, read) {
  return {
    id,
    title,
    async measure({ stores, count }, quick) {
      const runners = new Map();
      for (const [name, store] of stores) {
        // The same numbers for every store.
        const pick = picker(count);
        if (store[method] !== undefined) runners.set(name, () => read(name, store, count, pick));
      }
      const plan = quick ? { rounds: 1, warmUp: 1 } : { rounds, warmUp: Math.ceil(rounds / 5) };
      return [{ id, title, unit, figures: await race(runners, plan) }];
    },
  };
}

/** Reads of random keys. */
function pointReads(id, title, method, gets, read) {
  return reading({ id, title, unit: 'µs per get', method, rounds: 60 }, async (name, store, count, pick) => {
    const wanted = Array.from({ length: gets }, () => entry(pick(), 1));
    const { us, result } = await microseconds(gets, () => read(store, wanted));
    wanted.forEach((entry, i) => expectValue(name, entry, result[i]));
    return us;
  });
}

function lastEntry() {
  const shape = { id: 'last', title: 'awaited last', unit: 'µs per call', method: 'last', rounds: 40 };
  return reading(shape, async (name, store, count) => {
    const greatest = entry(count - 1, 1);
    const { us, result } = await microseconds(GETS, async () => {
      let found;
      for (let i = 0; i < GETS; i++) found = await store.last(greatest);
      return found;
    });
    expect(result[0] === greatest.key, `${name}, the last key`);
    expectValue(name, greatest, result[1]);
    return us;
  });
}

function fullScan() {
  const shape = { id: 'scan', title: 'scan of 100,000 entries', unit: 'µs per entry', method: 'scan', rounds: 15 };
  const workload = reading(shape, async (name, store, count) => {
    let scanned = 0;
    let bytes = 0;
    const { us } = await microseconds(count, () =>
      store.scan(entry(0, 1), (_, value) => {
        scanned++;
        bytes += value.length;
      }),
    );
    expect(scanned === count && bytes === count * VALUE_BYTES, `${name} scans ${scanned} entries`);
    return us;
  });
  return {
    ...workload,
    async measure({ stores, count }, quick) {
      for (const [name, store] of stores) {
        if (store.scan === undefined) continue;
        const checker = scanChecker(name, count);
        await store.scan(entry(0, 1), checker.visit);
        checker.end();
      }
      return workload.measure({ stores, count }, quick);
    },
  };
}
