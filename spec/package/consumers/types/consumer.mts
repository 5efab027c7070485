/** Types as an ES module sees them. */
import assert from 'node:assert/strict';
import {
  SqliteManager,
  StoreError,
  type AnyStoreError,
  type BatchOperation,
  type Collection,
  type DbManager,
  type Entry,
  type SqliteManagerOptions,
} from 'ave-actors-sqlite';
import { sqlite3 } from 'ave-actors-sqlite/driver';
import { fastifyActorStore } from 'ave-actors-sqlite/fastify';
import { MemoryManager } from 'ave-actors-sqlite/memory';
import { testBackend } from 'ave-actors-sqlite/testing';
import { fastify } from 'fastify';

const directory = process.argv[2] ?? '';
const options: SqliteManagerOptions = { durability: false, spec: { ramMb: 512, cpuCores: 1 } };

function describe(error: AnyStoreError): string | undefined {
  switch (error.code) {
    case 'STORE':
      return error.outcomeUnknown ? undefined : error.operation;
    case 'ENTRY_NOT_FOUND':
      return error.entryKey;
    default:
      return error.message;
  }
}

async function use(store: DbManager): Promise<void> {
  const events: Collection = await store.createCollection('events', 'alice');
  const operations: BatchOperation[] = [{ type: 'put', target: events, key: '1', data: Buffer.from('one') }];
  await store.writeBatch(operations);
  const entries: Entry[] = [];
  for await (const entry of events.iter({ reverse: true, limit: 1 })) entries.push(entry);
  const [[key, value]] = entries as [Entry];
  assert.deepEqual([key, value.toString()], ['1', 'one']);
  // @ts-expect-error: a value is bytes
  await assert.rejects(events.put('1', 'text'), { code: 'INVALID_ARGUMENT' });
  await assert.rejects(events.get('2'), (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(describe(error as AnyStoreError), '2');
    return true;
  });
}

const app = fastify();
await app.register(fastifyActorStore, { directory, ...options });
const store: SqliteManager = app.actorStore;
await use(store);
await use(await MemoryManager.open());
await app.close();
assert.equal(typeof testBackend, 'function');
assert.equal(typeof sqlite3.Database, 'function');
