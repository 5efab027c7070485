/**
 * Appends the lines of a JSON Lines file to the logs of the actors that they name: `node import.mjs <file> <directory>`.
 *
 * How far it came is written in the same batch as the events. Killed at any moment and started again, it goes on behind the last line that is in
 * the store: no line is lost, none is there twice. Memory holds one batch, however long the file.
 */
import { basename, resolve } from 'node:path';
import { SqliteManager } from 'ave-actors-sqlite';
import { linesOf, parseLine } from '../shared/json-lines.mjs';
import { progress } from '../shared/progress.mjs';
import { keyOf, sequenceOf } from '../shared/sequence.mjs';

const BATCH_OPERATIONS = 5000;
const BATCH_BYTES = 8 * 1024 * 1024;
const REMEMBERED_ACTORS = 10_000;

const [, , file, directory] = process.argv;
if (file === undefined || directory === undefined) throw new Error('usage: node import.mjs <file> <directory>');

const store = await SqliteManager.open(directory);
try {
  const cursor = await store.createState('imports', resolve(file));
  const found = await cursor.find();
  /** @type {{ offset: number, lines: number, malformed: number }} */
  const { offset, lines, malformed } = found ? JSON.parse(found.toString()) : { offset: 0, lines: 0, malformed: 0 };
  const reached = { offset, lines, malformed };
  if (found !== undefined) console.error(`going on behind line ${lines}`);

  /** @type {Map<string, { events: import('ave-actors-sqlite').Collection, sequence: number }>} */
  const actors = new Map();
  /** @type {import('ave-actors-sqlite').BatchOperation[]} */
  let batch = [];
  let batchBytes = 0;
  const reporter = progress(`importing ${basename(file)}`);

  const flush = async () => {
    await store.writeBatch([...batch, { type: 'put', target: cursor, data: Buffer.from(JSON.stringify(reached)) }]);
    batch = [];
    batchBytes = 0;
    // All that they appended is in the store now, where the next sequence number can be read again.
    if (actors.size > REMEMBERED_ACTORS) actors.clear();
    reporter.report(`${reached.lines} lines`);
  };

  for await (const line of linesOf(file, offset)) {
    reached.offset = line.end;
    reached.lines = lines + line.number;
    if (line.bytes.length === 0 && !line.tooLong) continue;
    try {
      const { actor: name } = parseLine(line);
      const actor = actors.get(name) ?? (await openActor(name));
      actors.set(name, actor);
      actor.sequence += 1;
      batch.push({ type: 'insert', target: actor.events, key: keyOf(actor.sequence), data: line.bytes });
      batchBytes += line.bytes.length;
    } catch (error) {
      reached.malformed += 1;
      console.error(`${basename(file)}:${reached.lines}: ${error instanceof Error ? error.message : error}`);
    }
    if (batch.length >= BATCH_OPERATIONS || batchBytes >= BATCH_BYTES) await flush();
  }
  await flush();
  const seconds = reporter.end();
  console.log(`${reached.lines - lines} lines in ${seconds.toFixed(1)} s, ${reached.malformed} malformed`);
  if (reached.malformed > 0) process.exitCode = 1;
} finally {
  await store.stop();
}

/** @param {string} name */
async function openActor(name) {
  const events = await store.createCollection('events', name);
  const last = await events.last();
  return { events, sequence: last === undefined ? 0 : sequenceOf(last[0]) };
}
