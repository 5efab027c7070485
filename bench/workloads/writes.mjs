/** Puts: one at a time, many in flight, and an event with its snapshot. */
import { contenders, library } from '../contenders/index.mjs';
import { expectEntries, expectValue } from '../check.mjs';
import { entries } from '../data.mjs';
import { microseconds, race } from '../measure.mjs';
import { withStores } from '../workspace.mjs';

/** In every store before the first put is measured. */
const LOADED = 10_000;

const levels = [
  { durable: true, level: 'durable' },
  { durable: false, level: 'relaxed' },
];

/** @type {import('./index.mjs').Group} */
export const writes = {
  prepare: (_, use) => use(),
  workloads: [
    ...levels.map(awaitedPut),
    ...levels.flatMap((level) =>
      [1, 100].flatMap((actors) => [16, 256, 4096].map((inFlight) => putsInFlight(level, actors, inFlight))),
    ),
    ...levels.map(eventWithSnapshot),
  ],
};

/** One call at a time depends on how fast the machine wakes a thread, which changes from second to second. Until all code is compiled takes some rounds. */
const AWAITED = { rounds: 25, warmUp: 15 };

function awaitedPut({ durable, level }) {
  const id = `put-${level}`;
  const title = `awaited put, ${level}`;
  return {
    id,
    title,
    measure: (_, quick) =>
      withLoaded('put', { durable, actors: 1, quick }, async (stores) => {
        const runners = new Map(
          [...stores].map(([name, { store, take }]) => [
            name,
            () => oneByOne(store, take(durable ? 50 : 250), (entry) => store.put(entry)),
          ]),
        );
        return [
          { id, title, unit: 'µs per put', figures: await race(runners, plan(quick, AWAITED.rounds, AWAITED.warmUp)) },
        ];
      }),
  };
}

function putsInFlight({ durable, level }, actors, inFlight) {
  const id = `put-${inFlight}-in-flight-${actors === 1 ? 'one-actor' : `${actors}-actors`}-${level}`;
  const title = `${inFlight} puts in flight, ${actors === 1 ? 'one actor' : `${actors} actors`}, ${level}`;
  // A contender without a group commit pays an fsync for each.
  const puts = Math.max(inFlight, durable ? 512 : 2048);
  const rounds = durable ? (inFlight === 4096 ? 3 : 9) : 15;
  return {
    id,
    title,
    measure: (_, quick) =>
      withLoaded('putAll', { durable, actors, quick }, async (stores) => {
        const runners = new Map(
          [...stores].map(([name, { store, take }]) => [
            name,
            async () => {
              const events = take(puts);
              const { us } = await microseconds(puts, () => store.putAll(events, inFlight));
              await store.settle?.();
              return us;
            },
          ]),
        );
        return [{ id, title, unit: 'µs per put', figures: await race(runners, plan(quick, rounds)) }];
      }),
  };
}

function eventWithSnapshot({ durable, level }) {
  const id = `batch-${level}`;
  const title = `event + snapshot in one batch, awaited, ${level}`;
  const onePut = 'one put';
  return {
    id,
    title,
    measure: (_, quick) =>
      withLoaded('putWithSnapshot', { durable, actors: 1, quick }, async (stores) => {
        const batches = durable ? 50 : 250;
        const runners = new Map(
          [...stores].map(([name, { store, take }]) => [
            name,
            () => oneByOne(store, take(batches), (event) => store.putWithSnapshot(event)),
          ]),
        );
        const own = stores.get(library.name);
        runners.set(onePut, () => oneByOne(own.store, own.take(batches), (event) => own.store.put(event)));
        const figures = await race(runners, plan(quick, AWAITED.rounds, AWAITED.warmUp));
        for (const [name, { store, take }] of stores) {
          const [event] = take(1);
          await store.putWithSnapshot(event);
          const recovered = [];
          await store.recover(event, (_, value) => recovered.push(value));
          expectValue(`${name}, snapshot`, event, recovered[0]);
        }
        const put = new Map([[library.name, figures.get(onePut)]]);
        figures.delete(onePut);
        return [
          { id, title, unit: 'µs per batch', figures },
          {
            id: `${id}-put`,
            title: `one put beside the batches, ${level}`,
            unit: 'µs per put',
            figures: put,
            hidden: true,
          },
        ];
      }),
  };
}

/**
 * Stores that offer `method`, loaded, each with a function that deals it its next entries. What was dealt must be there in the end.
 */
function withLoaded(method, { durable, actors, quick }, use) {
  const loaded = quick ? LOADED / 10 : LOADED;
  return withStores(contenders, { durable, actors }, async (opened) => {
    const stores = new Map();
    for (const [name, store] of opened) {
      if (store[method] === undefined) continue;
      let dealt = loaded;
      const take = (count) => entries((dealt += count) - count, count, actors);
      await store.load(entries(0, loaded, actors));
      stores.set(name, { store, take, dealt: () => dealt });
    }
    const measurements = await use(stores);
    for (const [name, { store, dealt }] of stores) await expectEntries(name, store, dealt(), actors);
    return measurements;
  });
}

async function oneByOne(store, puts, put) {
  const { us } = await microseconds(puts.length, async () => {
    for (const entry of puts) await put(entry);
  });
  await store.settle?.();
  return us;
}

function plan(quick, rounds, warmUp = rounds > 5 ? 3 : 1) {
  return quick ? { rounds: 1, warmUp: 1 } : { rounds, warmUp };
}
