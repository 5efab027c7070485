/** What goes wrong with order, ranges, iterations and the end of a manager. */
import type { Entry, EntryIterator, IterationOptions } from '../../lib/index';
import { collect } from '../support/gates';
import { altering, alteringBoth, type Defect } from './sabotage';

/** The most entries of a page of the backend that is sabotaged. */
export const PAGE_ENTRIES = 100;

function entryAt(
  position: number,
  instead: (
    good: EntryIterator<Entry>,
    entry: IteratorResult<Entry, undefined>,
  ) => Promise<IteratorResult<Entry, undefined>>,
) {
  return (good: EntryIterator<Entry>): Partial<EntryIterator<Entry>> => {
    let pulled = 0;
    return {
      next: async () => {
        const entry = await good.next();
        return pulled++ === position ? instead(good, entry) : entry;
      },
    };
  };
}

function asObject(options: boolean | IterationOptions | undefined): IterationOptions {
  return typeof options === 'object' ? options : { reverse: options === true };
}

export const ITERATION_DEFECTS: readonly Defect[] = [
  {
    title: 'orders keys by UTF-16',
    caughtBy: /the order of keys is that of their UTF-8 bytes/,
    collection: (good) =>
      alteringBoth(good, (iteration) =>
        altering(iteration, (iterator) => {
          let sorted: Promise<Entry[]> | undefined;
          return {
            next: async () => {
              sorted ??= collect(iterator).then((entries) => entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
              const value = (await sorted).shift();
              return value === undefined ? { done: true, value } : { done: false, value };
            },
          };
        }),
      ),
  },
  {
    title: 'skips an entry at a page boundary',
    caughtBy: /misses and repeats nothing at page boundaries/,
    collection: (good) =>
      alteringBoth(good, (iteration) =>
        altering(
          iteration,
          entryAt(PAGE_ENTRIES, (rest) => rest.next()),
        ),
      ),
  },
  {
    title: 'repeats an entry at a page boundary',
    caughtBy: /misses and repeats nothing at page boundaries/,
    collection: (good) =>
      alteringBoth(good, (iteration) => {
        let before: IteratorResult<Entry, undefined> | undefined;
        return altering(iteration, (iterator) => {
          let pulled = 0;
          return {
            next: async () => {
              if (pulled++ === PAGE_ENTRIES && before !== undefined) return before;
              return (before = await iterator.next());
            },
          };
        });
      }),
  },
  {
    title: 'ends an iteration at a page that it could not read',
    caughtBy: /never end as if complete/,
    collection: (good) =>
      alteringBoth(good, (iteration) =>
        altering(iteration, (iterator) => ({
          next: () => iterator.next().catch(() => ({ done: true, value: undefined })),
        })),
      ),
  },
  {
    title: 'rejects every pull after the one that failed',
    caughtBy: /rejects the first pull alone/,
    collection: (good) =>
      alteringBoth(good, (iteration) => {
        let failure: Promise<never> | undefined;
        return altering(iteration, (iterator) => ({
          next: () =>
            failure ??
            iterator.next().catch((error: unknown) => {
              failure = Promise.reject(error);
              return failure;
            }),
        }));
      }),
  },
  {
    title: 'answers overlapping pulls as they come back',
    caughtBy: /answers overlapping next calls in call order/,
    collection: (good) =>
      alteringBoth(good, (iteration) =>
        altering(iteration, (iterator) => {
          let odd = false;
          return {
            next: async () => {
              const entry = await iterator.next();
              odd = !odd;
              if (odd) for (let turn = 0; turn < 10; turn++) await Promise.resolve();
              return entry;
            },
          };
        }),
      ),
  },
  {
    title: 'goes on after return',
    caughtBy: /an iteration ends with return/,
    collection: (good) =>
      alteringBoth(good, (iteration) =>
        altering(iteration, () => ({ return: () => Promise.resolve({ done: true, value: undefined }) })),
      ),
  },
  {
    title: 'keeps what a consistent iteration holds when it is left early',
    caughtBy: /frees what it holds when it ends/,
    collection: (good) => ({
      iter: (options) =>
        asObject(options).consistent === true
          ? altering(good.iter(options), () => ({ return: () => Promise.resolve({ done: true, value: undefined }) }))
          : good.iter(options),
    }),
  },
  {
    title: 'gives a new iterator to each loop',
    caughtBy: /is a promise of one iterator/,
    collection: (good) => ({
      iter: (options) =>
        Object.assign(good.iter(options), { [Symbol.asyncIterator]: () => good.iter(options)[Symbol.asyncIterator]() }),
    }),
  },
  {
    title: 'rejects the promise of an iteration with wrong arguments',
    caughtBy: /fulfils its promise whatever is wrong/,
    collection: (good) => ({
      iter: (options) => {
        const iteration = good.iter(options);
        const checked = typeof options === 'string' ? Promise.reject(new TypeError('options')) : iteration;
        return Object.assign(checked, { [Symbol.asyncIterator]: () => iteration[Symbol.asyncIterator]() });
      },
    }),
  },
  {
    title: 'does not freeze a consistent iteration',
    caughtBy: /shows the moment of its first pull/,
    collection: (good) => ({ iter: (options) => good.iter({ ...asObject(options), consistent: false }) }),
  },
  {
    title: 'freezes a consistent iteration at the call',
    caughtBy: /what was written before its first pull/,
    collection: (good) => ({
      iter: (options) => {
        const iteration = good.iter(options);
        const first = iteration[Symbol.asyncIterator]().next();
        return altering(iteration, (iterator) => {
          let pulled = 0;
          return { next: () => (pulled++ === 0 ? first : iterator.next()) };
        });
      },
    }),
  },
  {
    title: 'reads everything at the first pull',
    caughtBy: /sees what is put beyond its pages/,
    collection: (good) =>
      alteringBoth(good, (iteration) =>
        altering(iteration, (iterator) => {
          let all: Promise<Entry[]> | undefined;
          return {
            next: async () => {
              all ??= collect(iterator);
              const value = (await all).shift();
              return value === undefined ? { done: true, value } : { done: false, value };
            },
          };
        }),
      ),
  },
  {
    title: 'looks at the signal when a page ends only',
    caughtBy: /also within a page/,
    collection: (good) => ({
      iterRange: (start, end, options) =>
        good.iterRange(start, end, { ...asObject(options), signal: undefined as never }),
    }),
  },
  {
    title: 'forgets the limit in descending order',
    caughtBy: /ends after limit entries/,
    collection: (good) => ({
      iter: (options) => good.iter(asObject(options).reverse === true ? true : options),
    }),
  },
  {
    title: 'wants the bounds of a descending range the other way round',
    caughtBy: /includes both bounds/,
    collection: (good) => ({
      iterRange: (start, end, options) =>
        asObject(options).reverse === true ? good.iterRange(end, start, options) : good.iterRange(start, end, options),
    }),
  },
  {
    title: 'leaves out the end of a range',
    caughtBy: /deletes from start to end, both included/,
    collection: (good) => ({
      delRange: async (start, end) => {
        const kept = end === undefined ? undefined : await good.find(end);
        await good.delRange(start, end);
        if (kept !== undefined && end !== undefined) await good.put(end, kept);
      },
    }),
  },
  {
    title: 'takes the end of a range for a beginning of keys',
    caughtBy: /of one key leaves the keys that begin with it/,
    collection: (good) => ({
      delRange: (start, end) => good.delRange(start, end === undefined ? undefined : `${end}\uffff`),
    }),
  },
  {
    title: 'gives the key that a range starts from as well',
    caughtBy: /getByRange gives at most so many values behind a key/,
    collection: (good) => ({
      getByRange: async (from, quantity) => {
        const values = await good.getByRange(from, quantity);
        return from === undefined || quantity === 0
          ? values
          : [await good.get(from), ...values].slice(0, Math.abs(quantity));
      },
    }),
  },
  {
    title: 'looks for no key when the quantity is 0',
    caughtBy: /needs its key to exist, also for a quantity of 0/,
    collection: (good) => ({
      getByRange: (from, quantity) => (quantity === 0 ? Promise.resolve([]) : good.getByRange(from, quantity)),
    }),
  },
  {
    title: 'lists an actor that has no rows any more',
    caughtBy: /forgets an actor when its last row goes/,
    manager: (good) => {
      const known = new Set<string>();
      return {
        prefixes: (identifier) =>
          altering(good.prefixes(identifier), (iterator) => {
            let names: Promise<string[]> | undefined;
            return {
              next: async () => {
                names ??= collect(iterator).then((found) => [...new Set([...known, ...found])].toSorted());
                for (const name of await names) known.add(name);
                const value = (await names).shift();
                return value === undefined ? { done: true, value } : { done: false, value };
              },
            };
          }),
      };
    },
  },
];

export const END_DEFECTS: readonly Defect[] = [
  {
    title: 'works after stop',
    caughtBy: /rejects get and says that it is stopped/,
    manager: () => {
      const stopped = Promise.resolve();
      return { stop: () => stopped };
    },
  },
  {
    title: 'says nothing about stop in the errors that follow',
    caughtBy: /rejects put and says that it is stopped/,
    collection: (good) => ({
      put: (key, data) => good.put(key, data).catch(() => Promise.reject(new Error('the database is closed'))),
    }),
  },
  {
    title: 'drops the writes that wait when it is stopped',
    caughtBy: /honours every call that was made before it/,
    collection: (good) => ({
      put: async (key, data) => {
        await new Promise((resolve) => setImmediate(resolve));
        await good.put(key, data);
      },
    }),
  },
  {
    title: 'stops twice',
    caughtBy: /gives the same promise however often/,
    manager: (good) => ({ stop: () => good.stop().then() }),
  },
  {
    title: "lets a batch for another manager's handles succeed",
    caughtBy: /shares nothing with it/,
    manager: (good) => ({ writeBatch: (operations) => good.writeBatch(operations).catch(() => undefined) }),
  },
];
