/** What others feel while 256 puts stay in flight: the event loop, and a get. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { contenders } from '../contenders/index.mjs';
import { expectEntries, expectValue } from '../check.mjs';
import { entries, entry, picker } from '../data.mjs';
import { figure, quantile, race } from '../measure.mjs';
import { withStores } from '../workspace.mjs';

const LOADED = 10_000;
const IN_FLIGHT = 256;
const SAMPLING_MS = 1;

/** @type {import('./index.mjs').Group} */
export const latency = {
  prepare: (_, use) => use(),
  workloads: [eventLoopDelay(), getWhilePutting(true, 'durable'), getWhilePutting(false, 'relaxed')],
};

function eventLoopDelay() {
  const id = 'event-loop-delay';
  const title = `event-loop delay while ${IN_FLIGHT} durable puts stay in flight`;
  return {
    id,
    title,
    async measure(_, quick) {
      return withLoaded(contenders, true, async (stores) => {
        const maxima = new Map();
        const runners = new Map();
        for (const { name, synchronous } of contenders) {
          const store = stores.get(name);
          maxima.set(name, []);
          runners.set(name, async () => {
            const histogram = monitorEventLoopDelay({ resolution: SAMPLING_MS });
            const putting = keepPutting(store, synchronous);
            histogram.enable();
            await setTimeout(quick ? 100 : 500);
            // Whoever blocks the event loop blocks the sampling too.
            while (histogram.count < 10) await setTimeout(SAMPLING_MS);
            histogram.disable();
            await putting.stop();
            maxima.get(name).push(histogram.max / 1e6 - SAMPLING_MS);
            return histogram.percentile(99) / 1e6 - SAMPLING_MS;
          });
        }
        const rounds = quick ? 1 : 5;
        const p99 = await race(runners, { rounds, warmUp: 1 });
        const max = new Map([...maxima].map(([name, samples]) => [name, figure(samples.slice(-rounds))]));
        return [
          { id: `${id}-p99`, title: `${title}, p99`, unit: 'ms', figures: p99, plain: true },
          { id: `${id}-max`, title: `${title}, max`, unit: 'ms', figures: max, plain: true },
        ];
      });
    },
  };
}

function getWhilePutting(durable, level) {
  const id = `get-while-putting-${level}`;
  const title = `p99 of a get while ${IN_FLIGHT} ${level} puts stay in flight`;
  // What a synchronous put holds up is the event loop, with every get in it: see there.
  const participants = contenders.filter(({ synchronous }) => synchronous !== true);
  return {
    id,
    title,
    measure: (_, quick) =>
      withLoaded(participants, durable, async (stores) => {
        const runners = new Map();
        for (const [name, store] of stores) {
          const pick = picker(LOADED);
          runners.set(name, async () => {
            const putting = keepPutting(store);
            const latencies = [];
            const end = performance.now() + (quick ? 100 : 500);
            while (performance.now() < end) {
              const wanted = entry(pick(), 1);
              const start = performance.now();
              const value = await store.store.get(wanted);
              latencies.push(performance.now() - start);
              expectValue(name, wanted, value);
              await setImmediate();
            }
            await putting.stop();
            return quantile(
              latencies.sort((a, b) => a - b),
              0.99,
            );
          });
        }
        const figures = await race(runners, { rounds: quick ? 1 : 5, warmUp: 1 });
        return [{ id, title, unit: 'ms', figures, plain: true }];
      }),
  };
}

/** Each put that settles is followed by the next, until stopped. A synchronous store puts as many in each turn of the event loop. */
function keepPutting({ store, next }, synchronous = false) {
  let stopped = false;
  const putAll = async () => {
    while (!stopped) {
      store.putAll(Array.from({ length: IN_FLIGHT }, next), IN_FLIGHT);
      await setImmediate();
    }
  };
  const putOneByOne = async () => {
    while (!stopped) await store.put(next());
  };
  const putting = synchronous ? putAll() : Promise.all(Array.from({ length: IN_FLIGHT }, putOneByOne));
  return {
    async stop() {
      stopped = true;
      await putting;
      await store.settle?.();
    },
  };
}

/** Stores with `LOADED` entries of one actor, and a function that gives each its next entry. All must be there in the end. */
function withLoaded(participants, durable, use) {
  return withStores(participants, { durable, actors: 1 }, async (opened) => {
    const stores = new Map();
    const dealt = new Map();
    for (const [name, store] of opened) {
      await store.load(entries(0, LOADED, 1));
      dealt.set(name, LOADED);
      const next = () => {
        const n = dealt.get(name);
        dealt.set(name, n + 1);
        return entry(n, 1);
      };
      stores.set(name, { store, next });
    }
    const measurements = await use(stores);
    for (const [name, store] of opened) await expectEntries(name, store, dealt.get(name), 1);
    return measurements;
  });
}
