import { keyOf, sequenceOf } from './sequence.mjs';

/** @typedef {import('ave-actors-sqlite').DbManager} DbManager */

/**
 * One page of an actor's events, oldest first. `next` is what to ask for after it; there is none behind the last page.
 * @param {DbManager} store
 * @param {string} name
 * @param {{ after: number, limit: number }} page
 */
export async function pageOf(store, name, { after, limit }) {
  const events = await store.createCollection('events', name);
  const page = [];
  for await (const [key, data] of events.iterRange(keyOf(after + 1), undefined, { limit }))
    page.push(entryOf(key, data));
  return { events: page, ...(page.length === limit ? { next: page.at(-1)?.sequence } : {}) };
}

/**
 * An actor's events as JSON Lines, read as they are asked for: the log may be far larger than memory.
 * @param {DbManager} store
 * @param {string} name
 * @param {number} after
 */
export async function* linesOfHistory(store, name, after) {
  const events = await store.createCollection('events', name);
  for await (const [key, data] of events.iterRange(keyOf(after + 1))) yield `${JSON.stringify(entryOf(key, data))}\n`;
}

/** @type {(key: string, data: Buffer) => { sequence: number, event: unknown }} */
function entryOf(key, data) {
  const { event } = JSON.parse(data.toString());
  return { sequence: sequenceOf(key), event };
}
