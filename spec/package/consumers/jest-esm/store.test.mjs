import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from '@jest/globals';
import { EntryNotFoundError, SqliteManager } from 'ave-actors-sqlite';
import { MemoryManager } from 'ave-actors-sqlite/memory';
import { testBackend } from 'ave-actors-sqlite/testing';

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
const backend = { name: 'a backend', open, reopen: false, killed: false, backup: false, consistentIterations: true };
testBackend(backend, { describe, it });
