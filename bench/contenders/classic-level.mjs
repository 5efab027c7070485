/** LevelDB behind abstract-level. An actor's events are the keys that begin with its prefix. */
import { byCallers } from '../callers.mjs';

/** Sorts behind the separator, so it ends the range of one prefix. */
const SEPARATOR = '/';
const BEHIND_SEPARATOR = '0';
const SNAPSHOTS = 'snapshot!';

/** @type {import('./index.mjs').Contender} */
export const classicLevel = {
  name: 'classic-level',
  async open(directory, durable) {
    const { ClassicLevel } = await import('classic-level');
    const database = new ClassicLevel(directory, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
    await database.open();
    // Without sync, a write that resolved survives a killed process, and an unknown tail of them is lost by a power cut.
    const sync = { sync: durable };

    const at = ({ prefix, key }) => prefix + SEPARATOR + key;
    const range = ({ prefix }) => ({ gt: prefix + SEPARATOR, lt: prefix + BEHIND_SEPARATOR });
    const put = (entry) => database.put(at(entry), entry.value, sync);
    const get = (entry) => database.get(at(entry));
    const scan = async (actor, visit) => {
      const skip = actor.prefix.length + SEPARATOR.length;
      for await (const [key, value] of database.iterator(range(actor))) visit(key.slice(skip), value);
    };
    return {
      async load(entries) {
        for (let i = 0; i < entries.length; i += 10_000) {
          await database.batch(entries.slice(i, i + 10_000).map(putOperation));
        }
      },
      put,
      putAll: (entries, inFlight) => byCallers(inFlight, entries, put),
      putWithSnapshot: (event) =>
        database.batch([putOperation(event), { type: 'put', key: SNAPSHOTS + event.prefix, value: event.value }], sync),
      get,
      getAll: (wanted, inFlight) => byCallers(inFlight, wanted, get),
      getMany: (wanted) => database.getMany(wanted.map(at)),
      async last(actor) {
        const [[key, value]] = await database.iterator({ ...range(actor), reverse: true, limit: 1 }).all();
        return [key.slice(actor.prefix.length + SEPARATOR.length), value];
      },
      scan,
      async recover(actor, visit) {
        visit('', await database.get(SNAPSHOTS + actor.prefix));
        await scan(actor, visit);
      },
      async count() {
        let count = 0;
        for await (const _ of database.keys({ lt: SNAPSHOTS })) count++;
        return count;
      },
      close: () => database.close(),
    };

    function putOperation(entry) {
      return { type: 'put', key: at(entry), value: entry.value };
    }
  },
};
