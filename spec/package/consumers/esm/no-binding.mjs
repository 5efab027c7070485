/** A program whose install scripts were not allowed: sqlite3 has no native part. */
import assert from 'node:assert/strict';
import { CreateStoreError, SqliteManager } from 'ave-actors-sqlite';
import { MemoryManager } from 'ave-actors-sqlite/memory';

await assert.rejects(SqliteManager.open(process.argv[2]), (error) => {
  assert.ok(error instanceof CreateStoreError);
  assert.match(error.message, /^failed to create store: .*allowScripts.*npm rebuild sqlite3/);
  assert.ok(!error.message.includes('\n'), 'one line');
  return true;
});
const store = await MemoryManager.open();
await store.stop();
