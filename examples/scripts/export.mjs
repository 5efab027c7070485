/**
 * Prints the events of all actors, or of one, as JSON Lines: `node export.mjs <directory> [actor]`. What it prints, import.mjs reads; snapshots,
 * and events that compact.mjs has removed, are not in it.
 *
 * Works beside a running service. Each page is read when the output has taken the one before, so memory does not grow with the store.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openExisting } from '../shared/existing.mjs';
import { keyOf } from '../shared/sequence.mjs';

const [, , directory, only] = process.argv;
let compacted = 0;
const store = await openExisting(directory);
try {
  await pipeline(Readable.from(lines()), process.stdout);
  if (compacted > 0) console.error(`${compacted} actors lack their first events: imported, they would be others`);
} catch (error) {
  // The reader has seen enough: `node export.mjs data | head`.
  if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
} finally {
  await store.stop();
}

async function* lines() {
  for await (const actor of only === undefined ? store.prefixes('events') : [only]) {
    const events = await store.createCollection('events', actor);
    let number = 0;
    for await (const [key, data] of events.iter()) {
      if ((number += 1) === 1 && key !== keyOf(1)) compacted += 1;
      const event = JSON.parse(data.toString());
      if (typeof event !== 'object' || event === null) throw new Error(`${actor}: event ${key} is no JSON object`);
      yield `${JSON.stringify({ ...event, actor })}\n`;
    }
  }
}
