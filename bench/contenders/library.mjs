/** The library, out of a build of this checkout. */
import { byCallers } from '../callers.mjs';
import { prefixOf } from '../data.mjs';
import { SPEC } from './sqlite.mjs';

/** @type {import('./index.mjs').Contender} */
export const library = {
  name: 'this library',
  async open(directory, durable, actors) {
    const { SqliteManager } = await loadLibrary();
    const manager = await SqliteManager.open(directory, { durability: durable, spec: SPEC });
    const events = [];
    const snapshots = [];
    for (let actor = 0; actor < actors; actor++) {
      events.push(await manager.createCollection('events', prefixOf(actor)));
      snapshots.push(await manager.createState('snapshots', prefixOf(actor)));
    }
    const put = ({ actor, key, value }) => events[actor].put(key, value);
    const get = ({ actor, key }) => events[actor].get(key);
    return {
      async load(entries) {
        for (let i = 0; i < entries.length; i += 10_000) await Promise.all(entries.slice(i, i + 10_000).map(put));
      },
      put,
      putAll: (entries, inFlight) => byCallers(inFlight, entries, put),
      putWithSnapshot: ({ actor, key, value }) =>
        manager.writeBatch([
          { type: 'put', target: events[actor], key, data: value },
          { type: 'put', target: snapshots[actor], data: value },
        ]),
      get,
      getAll: (wanted, inFlight) => byCallers(inFlight, wanted, get),
      getMany: (wanted) => events[wanted[0].actor].getMany(wanted.map(({ key }) => key)),
      last: ({ actor }) => events[actor].last(),
      async scan({ actor }, visit) {
        for await (const [key, value] of events[actor].iter()) visit(key, value);
      },
      async recover({ prefix }, visit) {
        const [snapshot, log] = await Promise.all([
          manager.createState('snapshots', prefix),
          manager.createCollection('events', prefix),
        ]);
        visit('', await snapshot.get());
        for await (const [key, value] of log.iter()) visit(key, value);
      },
      async count() {
        let count = 0;
        for (const log of events) for await (const _ of log.iter()) count++;
        return count;
      },
      close: () => manager.stop(),
    };
  },
};

/** `npm run bench` has built it before anything is measured. */
export function loadLibrary() {
  return import('../../dist/index.mjs');
}
