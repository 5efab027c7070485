/**
 * Appends the lines of a JSON Lines file to the logs of the actors that they name: `node import.mjs <file> <directory>`.
 *
 * How far it came is written in the same batch as the events, and never replaced: killed at any moment and started again, it goes on behind the
 * last line that is in the store, and of two imports of one file at once the second fails. No line is lost, none is there twice. Lines that were
 * appended to the file are imported by the next run; a file that has changed before them is refused. Memory holds one batch, however long it is.
 */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
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
  const imports = await store.createCollection('imports', await realpath(file));
  const latest = await imports.last();
  /** @type {{ lines: number, malformed: number, digest: string }} */
  const reached = latest ? JSON.parse(latest[1].toString()) : { lines: 0, malformed: 0, digest: '' };
  const before = reached.lines;
  if (latest !== undefined) console.error(`going on behind line ${before}`);

  /** @type {Map<string, { events: import('ave-actors-sqlite').Collection, sequence: number }>} */
  const actors = new Map();
  /** @type {import('ave-actors-sqlite').BatchOperation[]} */
  let batch = [];
  let batchBytes = 0;
  const reporter = progress(`importing ${basename(file)}`);

  const content = createHash('sha256');
  let written = reached.lines;

  const flush = async () => {
    if (reached.lines === written) return;
    reached.digest = content.copy().digest('base64');
    const data = Buffer.from(JSON.stringify(reached));
    await store.writeBatch([...batch, { type: 'insert', target: imports, key: keyOf(written), data }]);
    written = reached.lines;
    batch = [];
    batchBytes = 0;
    // All that they appended is in the store now, where the next sequence number can be read again.
    if (actors.size > REMEMBERED_ACTORS) actors.clear();
    reporter.report(`${reached.lines} lines`);
  };

  for await (const line of linesBehind(file, reached, content)) {
    reached.lines = line.number;
    if (line.bytes.length === 0 && !line.tooLong) continue;
    let name;
    try {
      name = parseLine(line).actor;
    } catch (error) {
      reached.malformed += 1;
      console.error(`${basename(file)}:${line.number}: ${error instanceof Error ? error.message : error}`);
      continue;
    }
    const actor = actors.get(name) ?? (await openActor(name));
    actors.set(name, actor);
    actor.sequence += 1;
    batch.push({ type: 'insert', target: actor.events, key: keyOf(actor.sequence), data: line.bytes });
    batchBytes += line.bytes.length;
    if (batch.length >= BATCH_OPERATIONS || batchBytes >= BATCH_BYTES) await flush();
  }
  await flush();
  const seconds = reporter.end();
  console.log(`${reached.lines - before} lines in ${seconds.toFixed(1)} s, ${reached.malformed} malformed`);
  if (reached.malformed > 0) process.exitCode = 1;
} finally {
  await store.stop();
}

/**
 * The lines behind those that are in the store, which must be there as they were. Adds them all to `content`.
 * @param {string} path
 * @param {{ lines: number, digest: string }} reached
 * @param {import('node:crypto').Hash} content
 */
async function* linesBehind(path, { lines, digest }, content) {
  const changed = () => new Error(`${path} has changed in its first ${lines} lines, which were imported`);
  let number = 0;
  for await (const line of linesOf(path)) {
    ({ number } = line);
    content.update(line.bytes).update('\n');
    if (number > lines) yield line;
    else if (number === lines && content.copy().digest('base64') !== digest) throw changed();
  }
  if (number < lines) throw changed();
}

/** @param {string} name */
async function openActor(name) {
  const events = await store.createCollection('events', name);
  const last = await events.last();
  return { events, sequence: last === undefined ? 0 : sequenceOf(last[0]) };
}
