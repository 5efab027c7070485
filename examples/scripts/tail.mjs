/**
 * Prints the latest events of an actor, then those to come, until it is interrupted: `node tail.mjs <directory> <actor>`.
 *
 * Works beside the running service, which is another process: it asks for the events behind the last one it has seen, five times a second. SQLite
 * does not tell of other processes' writes, and an iteration that came to its end stays ended.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openExisting } from '../shared/existing.mjs';

const LATEST = 10;
const INTERVAL_MS = 200;

const [, , directory, actor] = process.argv;
if (actor === undefined) throw new Error('usage: node tail.mjs <directory> <actor>');
const interrupted = new AbortController();
const { signal } = interrupted;
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
// The reader has seen enough: `node tail.mjs data alice | head`.
process.stdout.once('error', () => interrupted.abort());

const store = await openExisting(directory);
try {
  const events = await store.createCollection('events', actor);
  const latest = [];
  for await (const entry of events.iter({ reverse: true, limit: LATEST })) latest.unshift(entry);
  let seen = latest.at(-1)?.[0] ?? '';
  for (const [, data] of latest) console.log(data.toString());
  while (!signal.aborted) {
    // The start is inclusive: the next key in order is this one and a NUL.
    for await (const [key, data] of events.iterRange(`${seen}\0`, undefined, { signal })) {
      console.log(data.toString());
      seen = key;
    }
    await pause(INTERVAL_MS, undefined, { signal });
  }
} catch (error) {
  if (!signal.aborted) throw error;
} finally {
  await store.stop();
}
