/**
 * Removes the events that a snapshot covers: `node compact.mjs <directory>`. Works beside a running service, if that is the one owner of its actors:
 * an owner that has fallen behind would write into the gap, where `insert` finds nothing to refuse it.
 *
 * Recovery reads the snapshot and the events after it, so it finds the same state; the history before the snapshot is gone for good. The last
 * covered event stays: `last()` goes on telling an actor's sequence number. The file keeps its size and uses the room again; `backup` makes a
 * copy that is small.
 */
import { openExisting } from '../shared/existing.mjs';
import { keyOf, sequenceOf } from '../shared/sequence.mjs';

// Other processes' writes wait while a batch is being committed.
const BATCH_EVENTS = 10_000;

const store = await openExisting(process.argv[2]);
try {
  /** @type {import('ave-actors-sqlite').BatchOperation[]} */
  let batch = [];
  let batchEvents = 0;
  let actors = 0;
  const flush = async () => {
    await store.writeBatch(batch);
    batch = [];
    batchEvents = 0;
  };
  for await (const name of store.prefixes('snapshots')) {
    const [snapshot, target] = await Promise.all([
      store.createState('snapshots', name),
      store.createCollection('events', name),
    ]);
    const covering = await snapshot.find();
    if (covering === undefined) continue;
    const { sequence } = JSON.parse(covering.toString());
    if (!Number.isSafeInteger(sequence) || sequence < 1) {
      throw new Error(`the snapshot of ${name} does not say which events it covers`);
    }
    const end = keyOf(sequence - 1);
    for await (const [first] of target.iterRange(undefined, end, { limit: 1 })) {
      batch.push({ type: 'delRange', target, end });
      batchEvents += sequence - sequenceOf(first);
      actors += 1;
    }
    if (batchEvents >= BATCH_EVENTS) await flush();
  }
  await flush();
  console.log(`${actors} actors compacted`);
} finally {
  await store.stop();
}
