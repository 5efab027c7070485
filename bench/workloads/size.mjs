/** What grows with the number of entries and of handles, and what must not. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { contenders, library } from '../contenders/index.mjs';
import { expectEntries, expectValue } from '../check.mjs';
import { entries, entry, picker } from '../data.mjs';
import { microseconds, quotient, race } from '../measure.mjs';
import { withDirectory, withStores } from '../workspace.mjs';

const FEW = 10_000;
const MANY = 1_000_000;
const ACTORS = 100;
const OPERATIONS = 256;

/** @type {import('./index.mjs').Group} */
export const size = {
  prepare: (_, use) => use(),
  workloads: [growth(), handles(), scanMemory()],
};

/** The same work on few and on many entries, in turn. */
function growth() {
  const id = 'growth';
  const title = 'growth from 10⁴ to 10⁶ entries';
  const works = {
    put: { title: 'awaited put', run: oneByOne((store, entry) => store.put(entry)) },
    get: { title: 'awaited get', run: oneByOne((store, entry) => store.get(entry)) },
    'put-in-flight': {
      title: `${OPERATIONS} puts in flight`,
      run: (store, wanted) => store.putAll(wanted, OPERATIONS),
    },
    'get-in-flight': {
      title: `${OPERATIONS} gets in flight`,
      run: (store, wanted) => store.getAll(wanted, OPERATIONS),
    },
  };
  const participants = contenders.filter(({ name }) =>
    ['this library', 'better-sqlite3', 'classic-level', 'lmdb'].includes(name),
  );
  return {
    id,
    title,
    measure: (_, quick) =>
      withFilled(participants, FEW, (few) =>
        withFilled(participants, quick ? FEW * 2 : MANY, async (many) => {
          const measurements = [];
          for (const [work, { title, run }] of Object.entries(works)) {
            const runners = new Map();
            for (const { name } of participants) {
              runners.set(`${name} few`, sampler(name, few.get(name), work, run));
              runners.set(`${name} many`, sampler(name, many.get(name), work, run));
            }
            const figures = await race(runners, quick ? { rounds: 1, warmUp: 1 } : { rounds: 25, warmUp: 5 });
            const ratios = new Map(
              participants.map(({ name }) => [
                name,
                { median: quotient(figures.get(`${name} many`), figures.get(`${name} few`)) },
              ]),
            );
            measurements.push({
              id: `${id}-${work}`,
              title: `${title}, relaxed: time at 10⁶ entries over time at 10⁴`,
              unit: '×',
              figures: ratios,
              plain: true,
            });
          }
          for (const stores of [few, many]) {
            for (const [name, { store, count }] of stores) await expectEntries(name, store, count(), ACTORS);
          }
          return measurements;
        }),
      ),
  };
}

function oneByOne(run) {
  return async (store, wanted) => {
    const results = [];
    for (const entry of wanted) results.push(await run(store, entry));
    return results;
  };
}

function sampler(name, { store, take, pick }, work, run) {
  const putting = work.startsWith('put');
  return async () => {
    const wanted = putting ? take(OPERATIONS) : Array.from({ length: OPERATIONS }, () => entry(pick(), ACTORS));
    const { us, result } = await microseconds(OPERATIONS, () => run(store, wanted));
    await store.settle?.();
    if (!putting) wanted.forEach((entry, i) => expectValue(name, entry, result[i]));
    return us;
  };
}

function withFilled(participants, loaded, use) {
  return withStores(participants, { durable: false, actors: ACTORS }, async (opened) => {
    const stores = new Map();
    for (const [name, store] of opened) {
      // In parts: a million entries at once would be measured as memory.
      for (let i = 0; i < loaded; i += FEW) await store.load(entries(i, FEW, ACTORS));
      let count = loaded;
      const take = (more) => entries((count += more) - more, more, ACTORS);
      stores.set(name, { store, take, pick: picker(loaded), count: () => count });
    }
    return use(stores);
  });
}

function handles() {
  const id = 'handles';
  const title = '10,000 live handles';
  return {
    id,
    title,
    async measure() {
      const { descriptors, bytes } = await withDirectory((directory) => inChild('handles.mjs', directory));
      const memory = only(`${id}-bytes`, `${title}: memory of each`, 'bytes', bytes);
      if (descriptors === undefined) return [memory];
      return [only(`${id}-descriptors`, `${title}: file descriptors beyond those of one`, '', descriptors), memory];
    },
  };
}

function scanMemory() {
  const id = 'scan-memory';
  const title = 'scan of 1,000,000 entries, spec nano';
  return {
    id,
    title,
    measure: (_, quick) =>
      withDirectory(async (directory) => {
        const count = quick ? FEW * 2 : MANY;
        const store = await library.open(directory, false, 1);
        for (let i = 0; i < count; i += FEW) await store.load(entries(i, FEW, 1));
        await store.close();
        const { growth } = await inChild('scan-memory.mjs', directory, String(count));
        return [only(id, `${title}: growth of the resident set`, 'MiB', growth / 2 ** 20)];
      }),
  };
}

function only(id, title, unit, value) {
  return { id, title, unit, figures: new Map([[library.name, { median: value }]]), plain: true };
}

/** Runs a program of children/ in a process of its own and takes what it prints. */
async function inChild(program, ...parameters) {
  const path = fileURLToPath(new URL(`../children/${program}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', path, ...parameters]);
  return JSON.parse(stdout);
}
