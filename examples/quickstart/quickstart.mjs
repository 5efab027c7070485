/**
 * Events from a JSON Lines file into a store, and the actors back out of it: `node quickstart.mjs [file] [directory]`.
 *
 * 1. Appends each event to its actor's collection, and a snapshot of the actor after every twentieth, in one batch with the event.
 * 2. Stops the store and opens it again, as after a restart, and recovers every actor: its snapshot, then the events after it.
 * 3. Computes every actor from the file alone and compares.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { SqliteManager } from 'ave-actors-sqlite';
import { linesOf, parseLine } from '../shared/json-lines.mjs';
import { progress } from '../shared/progress.mjs';
import { keyOf, sequenceOf } from '../shared/sequence.mjs';
import { apply, newCustomer, orderEvent } from './orders.mjs';

const SNAPSHOT_EVERY = 20;
const BATCH_OPERATIONS = 1000;
const BATCH_BYTES = 8 * 1024 * 1024;

const [, , file = fileURLToPath(new URL('orders.jsonl', import.meta.url)), chosenDirectory] = process.argv;
const directory = chosenDirectory ?? (await mkdtemp(join(tmpdir(), 'quickstart-')));
try {
  const written = await write();
  const recovered = await recover();
  await compare(recovered.actors);
  const seconds = `${(written.seconds + recovered.seconds).toFixed(2)} s`;
  printTable({ actors: recovered.actors.size, events: written.events, bytes: written.bytes, time: seconds });
  if (written.malformed > 0) {
    console.error(`${written.malformed} malformed ${written.malformed === 1 ? 'line' : 'lines'} left out`);
    process.exitCode = 1;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  if (chosenDirectory === undefined) await rm(directory, { recursive: true });
}

async function write() {
  const store = await SqliteManager.open(directory);
  const reporter = progress('writing');
  const total = { events: 0, bytes: 0, malformed: 0 };
  try {
    /** @type {Map<string, Awaited<ReturnType<typeof newActor>>>} */
    const actors = new Map();
    /** @type {import('ave-actors-sqlite').BatchOperation[]} */
    let batch = [];
    let batchBytes = 0;
    const flush = async () => {
      // Resolves when all of it is on the disk. One batch in flight bounds the memory, however long the file is.
      await store.writeBatch(batch);
      batch = [];
      batchBytes = 0;
      reporter.report(`${total.events} events`);
    };
    for await (const { event, bytes } of events(complain)) {
      const actor = actors.get(event.actor) ?? (await newActor(store, event.actor));
      actors.set(event.actor, actor);
      actor.sequence += 1;
      actor.state = apply(actor.state, event);
      // insert, not put: an event is never replaced.
      batch.push({ type: 'insert', target: actor.events, key: keyOf(actor.sequence), data: bytes });
      if (actor.sequence % SNAPSHOT_EVERY === 0) {
        const { sequence, state } = actor;
        batch.push({ type: 'put', target: actor.snapshot, data: Buffer.from(JSON.stringify({ sequence, state })) });
      }
      total.events += 1;
      total.bytes += bytes.length;
      batchBytes += bytes.length;
      if (batch.length >= BATCH_OPERATIONS || batchBytes >= BATCH_BYTES) await flush();
    }
    await flush();
    return { ...total, seconds: reporter.end() };
  } finally {
    await store.stop();
  }

  /** @type {(number: number, error: unknown) => void} */
  function complain(number, error) {
    total.malformed += 1;
    console.error(`${basename(file)}:${number}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * @param {SqliteManager} store
 * @param {string} name
 */
async function newActor(store, name) {
  const [events, snapshot] = await Promise.all([
    store.createCollection('events', name),
    store.createState('snapshots', name),
  ]);
  return { events, snapshot, sequence: 0, state: newCustomer };
}

async function recover() {
  const store = await SqliteManager.open(directory);
  const reporter = progress('recovering');
  try {
    /** @type {Map<string, Readonly<import('./orders.mjs').Customer>>} */
    const actors = new Map();
    for await (const name of store.prefixes('events')) {
      const actor = await newActor(store, name);
      const snapshot = await actor.snapshot.find();
      if (snapshot !== undefined) Object.assign(actor, JSON.parse(snapshot.toString()));
      for await (const [key, bytes] of actor.events.iterRange(keyOf(actor.sequence + 1))) {
        actor.sequence = sequenceOf(key);
        actor.state = apply(actor.state, orderEvent(JSON.parse(bytes.toString())));
      }
      actors.set(name, actor.state);
      reporter.report(`${actors.size} actors`);
    }
    return { actors, seconds: reporter.end() };
  } finally {
    await store.stop();
  }
}

/** @param {Map<string, Readonly<import('./orders.mjs').Customer>>} recovered */
async function compare(recovered) {
  /** @type {typeof recovered} */
  const computed = new Map();
  const reporter = progress('checking');
  let count = 0;
  for await (const { event } of events(() => undefined)) {
    computed.set(event.actor, apply(computed.get(event.actor) ?? newCustomer, event));
    count += 1;
    reporter.report(`${count} events`);
  }
  reporter.end();
  if (!isDeepStrictEqual(recovered, computed)) throw new Error('the recovered actors differ from those of the file');
}

/**
 * The events of the file, each with the bytes of its line. Malformed lines are reported and left out, empty ones left out.
 * @param {(number: number, error: unknown) => void} onMalformed
 */
async function* events(onMalformed) {
  for await (const line of linesOf(file)) {
    if (line.bytes.length === 0 && !line.tooLong) continue;
    /** @type {import('./orders.mjs').OrderEvent} */
    let event;
    try {
      event = orderEvent(parseLine(line));
    } catch (error) {
      onMalformed(line.number, error);
      continue;
    }
    yield { event, bytes: line.bytes };
  }
}

/** @param {Record<string, number | string>} row */
function printTable(row) {
  const values = Object.values(row).map((value) => value.toLocaleString('en'));
  const names = Object.keys(row).map((name, column) => name.padStart(values[column]?.length ?? 0));
  console.log(names.join('  '));
  console.log(values.map((value, column) => value.padStart(names[column]?.length ?? 0)).join('  '));
}
