/** LMDB: a memory-mapped B+tree. Reads are synchronous pointers into the map; writes of one turn of the event loop share a transaction. */
import { byCallers } from '../callers.mjs';

const SEPARATOR = '/';
const BEHIND_SEPARATOR = '0';

/** @type {import('./index.mjs').Contender} */
export const lmdb = {
  name: 'lmdb',
  async open(directory, durable) {
    const { open } = await import('lmdb');
    const root = open({ path: directory, encoding: 'binary', separateFlushed: true });
    // A write's promise settles after its commit, which a power cut can undo; its `flushed`, after the fsync of that commit.
    const settled = durable ? (written) => written.flushed : (written) => written;
    const events = root.openDB('events', { encoding: 'binary' });
    const snapshots = root.openDB('snapshots', { encoding: 'binary' });

    const at = ({ prefix, key }) => prefix + SEPARATOR + key;
    const range = ({ prefix }) => ({ start: prefix + SEPARATOR, end: prefix + BEHIND_SEPARATOR });
    const put = (entry) => settled(events.put(at(entry), entry.value));
    const get = (entry) => events.get(at(entry));
    const getAll = (wanted) => wanted.map(get);
    const scan = (actor, visit) => {
      const skip = actor.prefix.length + SEPARATOR.length;
      for (const { key, value } of events.getRange(range(actor))) visit(key.slice(skip), value);
    };
    return {
      async load(entries) {
        for (let i = 0; i < entries.length; i += 10_000) await Promise.all(entries.slice(i, i + 10_000).map(put));
      },
      put,
      putAll: (entries, inFlight) => byCallers(inFlight, entries, put),
      putWithSnapshot: (event) =>
        settled(
          root.batch(() => {
            events.put(at(event), event.value);
            snapshots.put(event.prefix, event.value);
          }),
        ),
      get,
      getAll,
      getMany: getAll,
      last(actor) {
        const { prefix } = actor;
        const [{ key, value }] = events.getRange({
          start: prefix + BEHIND_SEPARATOR,
          end: prefix + SEPARATOR,
          reverse: true,
          limit: 1,
        });
        return [key.slice(prefix.length + SEPARATOR.length), value];
      },
      scan,
      recover(actor, visit) {
        visit('', snapshots.get(actor.prefix));
        scan(actor, visit);
      },
      count: () => events.getKeysCount({}),
      settle: () => root.flushed,
      close: () => root.close(),
    };
  },
};
