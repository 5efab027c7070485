/** An actor among many wakes up: its snapshot, then its events. */
import { contenders } from '../contenders/index.mjs';
import { expect, expectEntries, expectValue } from '../check.mjs';
import { entries, entry, picker } from '../data.mjs';
import { microseconds, race } from '../measure.mjs';
import { withStores } from '../workspace.mjs';

const ACTORS = 10_000;
const EVENTS = 20;
const RECOVERIES = 50;

const id = 'recovery';
const title = `recovery of one actor among 10,000: its snapshot and its ${EVENTS} events`;

/** @type {import('./index.mjs').Group} */
export const recovery = {
  prepare(quick, use) {
    const actors = quick ? ACTORS / 100 : ACTORS;
    return withStores(contenders, { durable: false, actors }, async (opened) => {
      const stores = new Map([...opened].filter(([, store]) => store.recover !== undefined));
      for (const [name, store] of stores) {
        await store.load(entries(0, actors * (EVENTS - 1), actors));
        for (const event of entries(actors * (EVENTS - 1), actors, actors)) await store.putWithSnapshot(event);
        await expectEntries(name, store, actors * EVENTS, actors);
      }
      await use({ stores, actors });
    });
  },
  workloads: [
    {
      id,
      title,
      async measure({ stores, actors }, quick) {
        const runners = new Map();
        for (const [name, store] of stores) {
          // The same actors for every store.
          const pick = picker(actors);
          runners.set(name, async () => {
            const logs = Array.from({ length: RECOVERIES }, () => ({ actor: entry(pick(), actors), values: [] }));
            const { us } = await microseconds(RECOVERIES, async () => {
              for (const { actor, values } of logs) await store.recover(actor, (_, value) => values.push(value));
            });
            for (const { actor, values } of logs) expectRecovered(name, actor.actor, values, actors);
            return us;
          });
        }
        const plan = quick ? { rounds: 1, warmUp: 1 } : { rounds: 25, warmUp: 5 };
        return [{ id, title, unit: 'µs per actor', figures: await race(runners, plan) }];
      },
    },
  ],
};

/** The last event is the snapshot too. */
function expectRecovered(name, actor, [snapshot, ...events], actors) {
  expect(events.length === EVENTS, `${name} recovers ${events.length} events`);
  events.forEach((event, i) => expectValue(name, entry(actor + i * actors, actors), event));
  expectValue(`${name}, snapshot`, entry(actor + (EVENTS - 1) * actors, actors), snapshot);
}
