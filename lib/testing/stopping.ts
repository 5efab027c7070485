import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  bytes,
  drain,
  fill,
  fillMany,
  givesNothing,
  handlesOf,
  holds,
  orderedKeys,
  pull,
  rejects,
  textsOf,
  isDone,
} from './kit';
import type { Handles, Kit } from './kit';

const data = bytes('new');

/** Every method, with arguments that are right. */
const CALLS: Readonly<Record<string, (handles: Handles) => Promise<unknown>>> = {
  createCollection: ({ manager }) => manager.createCollection('events', 'a'),
  'createCollection of a new table': ({ manager }) => manager.createCollection('more', 'a'),
  createState: ({ manager }) => manager.createState('snapshots', 'a'),
  prefixes: ({ manager }) => pull(manager.prefixes('events')),
  writeBatch: ({ manager, collection: target }) => manager.writeBatch([{ type: 'put', target, key: 'k', data }]),
  'writeBatch of nothing': ({ manager }) => manager.writeBatch([]),
  get: ({ collection }) => collection.get('k'),
  find: ({ collection }) => collection.find('k'),
  getMany: ({ collection }) => collection.getMany(['k']),
  'getMany of nothing': ({ collection }) => collection.getMany([]),
  put: ({ collection }) => collection.put('k', data),
  insert: ({ collection }) => collection.insert('new', data),
  del: ({ collection }) => collection.del('k'),
  last: ({ collection }) => collection.last(),
  iter: ({ collection }) => pull(collection.iter()),
  iterRange: ({ collection }) => pull(collection.iterRange('a', 'z')),
  getByRange: ({ collection }) => collection.getByRange('k', 1),
  delRange: ({ collection }) => collection.delRange('a', 'b'),
  'purge of a collection': ({ collection }) => collection.purge(),
  'get of a state': ({ state }) => state.get(),
  'find of a state': ({ state }) => state.find(),
  'put of a state': ({ state }) => state.put(data),
  'del of a state': ({ state }) => state.del(),
  'purge of a state': ({ state }) => state.purge(),
};

const STOPPED = { code: 'STORE', operation: 'stopped', message: 'stopped' };

/** The end of a manager. */
export function testStopping({ backend, describe, test, manyEntries }: Kit): void {
  describe('a stopped manager', () => {
    for (const [title, call] of Object.entries(CALLS)) {
      test(`rejects ${title} and says that it is stopped`, async (manager) => {
        const handles = await handlesOf(manager);
        await Promise.all([fill(handles.collection, 'k=1'), handles.state.put(bytes('1'))]);
        const stopping = manager.stop();
        await rejects(() => call(handles), STOPPED, 'while it stops');
        await stopping;
        await rejects(() => call(handles), STOPPED, 'afterwards');
      });
    }

    test('gives the same promise however often it is stopped', async (manager) => {
      const first = manager.stop();
      assert.equal(manager.stop(), first);
      await givesNothing(first);
      assert.equal(manager.stop(), first);
      await givesNothing(manager[Symbol.asyncDispose]());
    });

    test('is stopped by its asyncDispose', async (manager) => {
      const { collection } = await handlesOf(manager);
      await manager[Symbol.asyncDispose]();
      await rejects(() => collection.get('k'), STOPPED);
    });

    test('ends no other manager, and shares nothing with it', async (manager) => {
      const other = await backend.open();
      try {
        const [one, two] = [await handlesOf(manager), await handlesOf(other)];
        await Promise.all([fill(one.collection, 'k=1'), fill(two.collection, 'l=2')]);
        const foreign = { type: 'purge', target: two.collection } as const;
        await rejects(() => manager.writeBatch([foreign]), { code: 'INVALID_ARGUMENT' });
        await manager.stop();
        await holds(two.collection, 'l=2');
      } finally {
        await other.stop();
      }
    });
  });

  describe('stop', () => {
    for (const [title, call] of Object.entries(CALLS)) {
      test(`honours ${title} that was issued just before it`, async (manager) => {
        const handles = await handlesOf(manager);
        await Promise.all([fill(handles.collection, 'k=1'), handles.state.put(bytes('1'))]);
        const [outcome] = await Promise.allSettled([call(handles), manager.stop()]);
        assert.equal(outcome.status, 'fulfilled', inspect(outcome));
      });
    }

    test('honours reads of many pages that were issued just before it', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      const reads = Promise.all([
        collection.getByRange(undefined, manyEntries),
        collection.getByRange(keys.at(-1), -manyEntries),
        collection.getMany(keys),
        Promise.all(keys.map((key) => collection.get(key))),
      ]);
      await manager.stop();
      assert.deepEqual(
        (await reads).map((values) => values.length),
        [manyEntries, manyEntries - 1, manyEntries, manyEntries],
      );
    });

    test('honours every call that was made before it', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      await fill(collection, 'k=1');
      const keys = orderedKeys(300);
      const writes = keys.map((key) => collection.put(key, bytes(key)));
      const calls: Promise<unknown>[] = [
        manager.writeBatch([
          { type: 'put', target: state, data: bytes('2') },
          { type: 'del', target: collection, key: '000' },
        ]),
        collection.insert('new', data),
        collection.delRange('001', '002'),
        manager.createCollection('more', 'a'),
      ];
      const missing = collection.del('missing');
      const reads = Promise.all([collection.get('k'), collection.find('k'), collection.getMany(['k'])]);
      const stopped = manager.stop();
      await rejects(() => missing, { code: 'ENTRY_NOT_FOUND', key: 'a.missing' });
      await Promise.all([...writes, ...calls]);
      assert.deepEqual(textsOf((await reads).flat()), ['1', '1', '1']);
      await givesNothing(stopped);
    });

    test('lets an open iteration reject its next pull, once, and never end as if complete', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fillMany(manager, collection, orderedKeys(manyEntries));
      const iterations = [
        collection.iter(),
        collection.iter(true),
        collection.iterRange('0'),
        manager.prefixes('events'),
      ];
      if (backend.consistentIterations) iterations.push(collection.iter({ consistent: true }));
      const iterators = await Promise.all(iterations);
      for (const iterator of iterators) await iterator.next();
      const unstarted = await collection.iter();
      await manager.stop();
      for (const iterator of [...iterators, unstarted]) {
        await rejects(() => iterator.next(), STOPPED);
        isDone(await iterator.next());
        isDone(await iterator.return());
      }
    });

    test('breaks a loop over an iteration with an error', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      for (const at of [1, Math.floor(manyEntries / 2), manyEntries]) {
        let seen = 0;
        const other = await backend.open();
        const { collection: copy } = await handlesOf(other);
        await fillMany(other, copy, keys);
        const loop = async (): Promise<void> => {
          for await (const [key] of copy.iter()) {
            assert.equal(key, keys[seen]);
            if (++seen === at) await other.stop();
          }
        };
        await rejects(loop, STOPPED, `after ${at} entries`);
        assert.equal(seen, at);
      }
      assert.equal((await drain(collection.iter())).length, manyEntries);
    });
  });
}
