import assert from 'node:assert/strict';
import type { Collection } from '../contracts';
import { bytes, contents, fillMany, handlesOf, holds, orderedKeys, rejects, textOf, textsOf } from './kit';
import type { Handles, Kit } from './kit';

/** Each kind of write on key `k` of a collection that holds `k=before`; `after` is what is left, undefined for nothing. */
interface KindOfWrite {
  readonly write: (handles: Handles, collection: Collection) => Promise<void>;
  readonly after: string | undefined;
}

const data = bytes('written');

const WRITES: Readonly<Record<string, KindOfWrite>> = {
  put: { write: (_, collection) => collection.put('k', data), after: 'written' },
  del: { write: (_, collection) => collection.del('k'), after: undefined },
  delRange: { write: (_, collection) => collection.delRange('k', 'k'), after: undefined },
  purge: { write: (_, collection) => collection.purge(), after: undefined },
  'del and insert': {
    write: async (_, collection) => {
      await Promise.all([collection.del('k'), collection.insert('k', data)]);
    },
    after: 'written',
  },
  'a put of a batch': {
    write: ({ manager }, target) => manager.writeBatch([{ type: 'put', target, key: 'k', data }]),
    after: 'written',
  },
  'del and insert of a batch': {
    write: ({ manager }, target) =>
      manager.writeBatch([
        { type: 'del', target, key: 'k' },
        { type: 'insert', target, key: 'k', data },
      ]),
    after: 'written',
  },
  'a delRange of a batch': {
    write: ({ manager }, target) => manager.writeBatch([{ type: 'delRange', target, start: 'a', end: 'z' }]),
    after: undefined,
  },
  'a purge of a batch': {
    write: ({ manager }, target) => manager.writeBatch([{ type: 'purge', target }]),
    after: undefined,
  },
};

/** All writes of a manager take effect in the order of the calls. */
export function testCallOrder({ describe, test, manyEntries }: Kit): void {
  describe('writes that nobody awaits', () => {
    test('take effect in the order of the calls', async (manager) => {
      const { collection } = await handlesOf(manager);
      await Promise.all([
        collection.put('a', bytes('1')),
        collection.put('a', bytes('2')),
        collection.del('a'),
        collection.put('a', bytes('3')),
      ]);
      await holds(collection, 'a=3');
    });

    test('see the one before: del of a key just put succeeds, a second del fails alone', async (manager) => {
      const { collection } = await handlesOf(manager);
      const put = collection.put('a', bytes('1'));
      const first = collection.del('a');
      const second = collection.del('a');
      const last = collection.put('b', bytes('2'));
      await rejects(() => second, { code: 'ENTRY_NOT_FOUND', key: 'a.a' });
      assert.deepEqual(await Promise.all([put, first, last]), [undefined, undefined, undefined]);
      await holds(collection, 'b=2');
    });

    test('keep their order over the handles of one pair, and over batches', async (manager) => {
      const { collection } = await handlesOf(manager);
      const same = await manager.createCollection('EVENTS', 'a');
      await Promise.all([
        collection.put('k', bytes('1')),
        same.del('k'),
        manager.writeBatch([{ type: 'insert', target: collection, key: 'k', data: bytes('2') }]),
        same.insert('l', bytes('3')),
        collection.del('k'),
        manager.writeBatch([
          { type: 'del', target: same, key: 'l' },
          { type: 'put', target: same, key: 'm', data: bytes('4') },
        ]),
      ]);
      await holds(collection, 'm=4');
    });

    test('keep their order over the writes of a state', async (manager) => {
      const { state } = await handlesOf(manager);
      const same = await manager.createState('snapshots', 'a');
      const [, , missing] = await Promise.allSettled([
        state.put(bytes('1')),
        same.del(),
        state.del(),
        same.put(bytes('2')),
        state.purge(),
        manager.writeBatch([{ type: 'put', target: same, data: bytes('3') }]),
      ]);
      assert.equal(missing.status, 'rejected');
      assert.equal(textOf(await state.get()), '3');
    });

    for (const [title, first] of Object.entries(WRITES)) {
      test(`keep their order before and after ${title}`, async (manager) => {
        const handles = await handlesOf(manager);
        const { collection } = handles;
        for (const [other, second] of Object.entries(WRITES)) {
          // The put between them makes the second one meet what it expects.
          await Promise.all([
            collection.put('k', bytes('before')),
            first.write(handles, collection),
            collection.put('k', bytes('between')),
            second.write(handles, collection),
          ]);
          assert.equal(textOf(await collection.find('k')), second.after, `${title}, then ${other}`);
        }
      });
    }

    test('go on after one of them failed', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      for (let round = 0; round < 3; round++) {
        const outcomes = await Promise.allSettled([
          collection.put('a', bytes('1')),
          collection.del('missing'),
          collection.insert('a', bytes('2')),
          manager.writeBatch([
            { type: 'purge', target: collection },
            { type: 'del', target: collection, key: 'missing' },
          ]),
          state.del(),
          collection.put('b', bytes('3')),
        ]);
        const statuses = outcomes.map(({ status }) => status[0]).join('');
        assert.equal(statuses, 'frrrrf');
        await holds(collection, 'a=1', 'b=3');
      }
    });

    test('by the thousand all arrive, in order', async (manager) => {
      const { collection } = await handlesOf(manager);
      const other = await manager.createCollection('others', 'b');
      const keys = orderedKeys(manyEntries);
      await Promise.all(keys.flatMap((key) => [collection.put(key, bytes(key)), other.put('k', bytes(key))]));
      assert.deepEqual(
        await contents(collection),
        keys.map((key) => `${key}=${key}`),
      );
      await holds(other, `k=${keys.at(-1) ?? ''}`);
    });
  });

  describe('a read that starts after a write resolved', () => {
    test('sees it, through every method', async (manager) => {
      const { collection, state } = await handlesOf(manager);
      for (const text of orderedKeys(20)) {
        await collection.put('k', bytes(text));
        const [entry] = await contents(collection);
        assert.equal(entry, `k=${text}`);
        assert.equal(textOf(await collection.get('k')), text);
        assert.equal(textOf((await collection.last())?.[1]), text);
        assert.deepEqual(textsOf(await collection.getMany(['k'])), [text]);
        assert.deepEqual(textsOf(await collection.getByRange(undefined, 1)), [text]);
        await state.put(bytes(text));
        assert.equal(textOf(await state.get()), text);
      }
    });

    test('sees it also when many reads are under way', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fillMany(manager, collection, orderedKeys(100));
      for (const text of orderedKeys(20)) {
        const reads = orderedKeys(100).map((key) => collection.get(key));
        await collection.put('k', bytes(text));
        assert.equal(textOf(await collection.get('k')), text);
        await Promise.all(reads);
      }
    });
  });
}
