/** An ES module: every entry point by import, next to the same by require. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as library from 'ave-actors-sqlite';
import * as driver from 'ave-actors-sqlite/driver';
import * as plugin from 'ave-actors-sqlite/fastify';
import * as memory from 'ave-actors-sqlite/memory';
import * as testing from 'ave-actors-sqlite/testing';

const require = createRequire(import.meta.url);
const entryPoints = { '': library, '/memory': memory, '/testing': testing, '/fastify': plugin, '/driver': driver };
for (const [name, module] of Object.entries(entryPoints)) {
  const required = require(`ave-actors-sqlite${name}`);
  assert.deepEqual(Object.keys(module).sort(), Object.keys(required).sort());
  for (const key of Object.keys(module)) assert.equal(module[key], required[key]);
}

const [, , directory] = process.argv;
const { SqliteManager, GetError, EntryNotFoundError } = library;
const store = await SqliteManager.open(directory);
const events = await store.createCollection('events', 'alice');
await store.writeBatch([{ type: 'insert', target: events, key: '1', data: new Uint8Array([1]) }]);
for await (const [key, value] of events.iter()) assert.deepEqual([key, [...value]], ['1', [1]]);
for (const entries of [events, await (await memory.MemoryManager.open()).createCollection('events', 'alice')]) {
  await assert.rejects(
    entries.get('2'),
    (error) => error instanceof EntryNotFoundError && !(error instanceof GetError),
  );
}
await store.stop();
assert.deepEqual(readdirSync(directory), ['database.db']);
