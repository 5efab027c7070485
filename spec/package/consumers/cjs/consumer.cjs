/** A CommonJS program: every entry point by require, and what each of them loads. */
'use strict';

const assert = require('node:assert/strict');
const { readdirSync } = require('node:fs');

const loaded = (name) => Object.keys(require.cache).some((file) => file.includes(`/node_modules/${name}/`));

const memory = require('ave-actors-sqlite/memory');
assert.ok(!loaded('sqlite') && !loaded('sqlite3'), 'the memory backend loads no driver');
const { SqliteManager, StoreError, EntryNotFoundError } = require('ave-actors-sqlite');
assert.ok(!loaded('sqlite3'), 'the driver is loaded when a store is opened');
require('ave-actors-sqlite/testing');
require('ave-actors-sqlite/fastify');
assert.ok(!loaded('sqlite3') && !loaded('fastify'), 'the plugin loads no Fastify');

const directory = process.argv[2];
(async () => {
  const store = await SqliteManager.open(directory);
  const events = await store.createCollection('events', 'alice');
  await events.insert('1', Buffer.from('one'));
  assert.deepEqual(await events.last(), ['1', Buffer.from('one')]);
  for (const entries of [events, await (await memory.MemoryManager.open()).createCollection('events', 'alice')]) {
    await assert.rejects(
      entries.get('2'),
      (error) => error instanceof EntryNotFoundError && error instanceof StoreError,
    );
  }
  const module = await import('ave-actors-sqlite');
  assert.equal(module.SqliteManager, SqliteManager, 'import and require give the same class');
  await assert.rejects(module.SqliteManager.open(directory), { code: 'CREATE_STORE' });
  const { sqlite3 } = require('ave-actors-sqlite/driver');
  assert.equal(sqlite3, require('sqlite3'));
  await store.stop();
  assert.deepEqual(readdirSync(directory), ['database.db']);
})();
