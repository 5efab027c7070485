'use strict';

const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { afterAll, expect, test } = require('@jest/globals');
const { EntryNotFoundError, SqliteManager } = require('ave-actors-sqlite');
const { MemoryManager } = require('ave-actors-sqlite/memory');
const { testBackend } = require('ave-actors-sqlite/testing');

const directory = mkdtempSync(join(tmpdir(), 'consumer-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('a store works inside jest', async () => {
  const store = await SqliteManager.open(directory);
  const events = await store.createCollection('events', 'alice');
  await events.put('1', Buffer.from('one'));
  expect((await events.get('1')).toString()).toBe('one');
  await expect(events.get('2')).rejects.toThrow(EntryNotFoundError);
  await store.stop();
});

const open = () => MemoryManager.open();
testBackend({ name: 'a backend', open, reopen: false, killed: false, backup: false, consistentIterations: true });
