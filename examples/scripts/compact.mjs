/**
 * Removes the events that a snapshot covers: `node compact.mjs <directory>`. Works beside a running service.
 *
 * Recovery reads the snapshot and the events after it, so it finds the same state; the history before the snapshot is gone for good. The last
 * covered event stays: `last()` goes on telling an actor's sequence number. The file keeps its size and uses the room again; `backup` makes a
 * copy that is small.
 */
import { openExisting } from '../shared/existing.mjs';
import { keyOf } from '../shared/sequence.mjs';

const BATCH_OPERATIONS = 500;

const store = await openExisting(process.argv[2]);
try {
  /** @type {import('ave-actors-sqlite').BatchOperation[]} */
  let batch = [];
  let actors = 0;
  const flush = async () => {
    await store.writeBatch(batch);
    batch = [];
  };
  for await (const name of store.prefixes('snapshots')) {
    const [snapshot, target] = await Promise.all([
      store.createState('snapshots', name),
      store.createCollection('events', name),
    ]);
    const { sequence } = JSON.parse((await snapshot.get()).toString());
    batch.push({ type: 'delRange', target, end: keyOf(sequence - 1) });
    actors += 1;
    if (batch.length === BATCH_OPERATIONS) await flush();
  }
  await flush();
  console.log(`${actors} actors compacted`);
} finally {
  await store.stop();
}
