/**
 * Prints the events of all actors, or of one, as JSON Lines: `node export.mjs <directory> [actor]`. What it prints, import.mjs reads.
 *
 * Works beside a running service. Each page is read when the output has taken the one before, so memory does not grow with the store.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openExisting } from '../shared/existing.mjs';

const [, , directory, only] = process.argv;
const store = await openExisting(directory);
try {
  await pipeline(Readable.from(lines()), process.stdout);
} catch (error) {
  // The reader has seen enough: `node export.mjs data | head`.
  if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
} finally {
  await store.stop();
}

async function* lines() {
  for await (const actor of only === undefined ? store.prefixes('events') : [only]) {
    const events = await store.createCollection('events', actor);
    for await (const [, data] of events.iter()) {
      yield `${JSON.stringify({ actor, ...JSON.parse(data.toString()) })}\n`;
    }
  }
}
