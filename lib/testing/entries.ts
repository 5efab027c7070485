import assert from 'node:assert/strict';
import {
  bytes,
  contents,
  fill,
  fillMany,
  givesNothing,
  handlesOf,
  holds,
  orderedKeys,
  rejects,
  textOf,
  textsOf,
} from './kit';
import type { Kit } from './kit';

/** Single entries of a collection. */
export function testEntries({ describe, test, manyEntries }: Kit): void {
  describe('an entry', () => {
    test('comes back as it was put, and is replaced by the next put', async (manager) => {
      const { collection } = await handlesOf(manager);
      await givesNothing(collection.put('k', bytes('old')));
      assert.equal(textOf(await collection.get('k')), 'old');
      await collection.put('k', bytes('newer'));
      assert.equal(textOf(await collection.get('k')), 'newer');
      await holds(collection, 'k=newer');
    });

    test('may have the empty key and the empty value, and is not a missing one', async (manager) => {
      const { collection } = await handlesOf(manager);
      await rejects(() => collection.get(''), { code: 'ENTRY_NOT_FOUND', key: 'a.' });
      await collection.put('', bytes(''));
      const value = await collection.get('');
      assert.ok(Buffer.isBuffer(value));
      assert.equal(value.length, 0);
      assert.equal((await collection.find(''))?.length, 0);
      assert.deepEqual(textsOf(await collection.getMany([''])), ['']);
      await rejects(() => collection.insert('', bytes('x')), { code: 'ENTRY_EXISTS', key: 'a.', entryKey: '' });
      await collection.del('');
      assert.equal(await collection.find(''), undefined);
    });

    test('is not found after del, and a second del says so', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'k=1', 'other=2');
      await givesNothing(collection.del('k'));
      const notFound = { code: 'ENTRY_NOT_FOUND', key: 'a.k', entryKey: 'k', message: 'a.k' };
      await rejects(() => collection.get('k'), notFound);
      await rejects(() => collection.del('k'), notFound);
      await holds(collection, 'other=2');
    });

    test('is found as undefined when it is missing', async (manager) => {
      const { collection } = await handlesOf(manager);
      assert.equal(await collection.find('k'), undefined);
      await collection.put('k', bytes('1'));
      assert.equal(textOf(await collection.find('k')), '1');
    });

    test('is inserted once and never replaced', async (manager) => {
      const { collection } = await handlesOf(manager);
      await givesNothing(collection.insert('k', bytes('1')));
      const exists = { code: 'ENTRY_EXISTS', key: 'a.k', entryKey: 'k', message: 'a.k' };
      await rejects(() => collection.insert('k', bytes('2')), exists);
      assert.equal(textOf(await collection.get('k')), '1');
      await collection.del('k');
      await collection.insert('k', bytes('3'));
      await holds(collection, 'k=3');
    });

    test('comes from any ArrayBuffer view of bytes and as a Buffer', async (manager) => {
      const { collection } = await handlesOf(manager);
      const memory = new Uint8Array([9, 1, 2, 3, 9]);
      const shared = new Uint8Array(new SharedArrayBuffer(3));
      shared.set([1, 2, 3]);
      class Bytes extends Uint8Array {}
      for (const data of [
        memory.subarray(1, 4),
        Uint8Array.of(1, 2, 3),
        Buffer.of(1, 2, 3),
        shared,
        Bytes.of(1, 2, 3),
      ]) {
        await collection.put('k', data);
        const value = await collection.get('k');
        assert.ok(Buffer.isBuffer(value));
        assert.deepEqual([...value], [1, 2, 3]);
      }
    });
  });

  describe('getMany', () => {
    test('answers in the order asked, with undefined where there is no entry', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a=1', 'b=2', 'c=');
      const asked = ['c', 'missing', 'a', 'b', '', 'a'];
      assert.deepEqual(textsOf(await collection.getMany(asked)), ['', undefined, '1', '2', undefined, '1']);
    });

    test('takes any iterable, an empty one too', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, 'a=1', 'b=2');
      function* keys(): Generator<string> {
        yield 'b';
        yield 'a';
      }
      assert.deepEqual(textsOf(await collection.getMany(keys())), ['2', '1']);
      assert.deepEqual(textsOf(await collection.getMany(new Set(['a', 'x']))), ['1', undefined]);
      assert.deepEqual(textsOf(await collection.getMany([])), []);
    });

    test('answers for more keys than a page has entries', async (manager) => {
      const { collection } = await handlesOf(manager);
      const keys = orderedKeys(manyEntries);
      await fillMany(manager, collection, keys);
      const asked = [...keys.toReversed(), 'missing', ...keys];
      const expected = [...keys.toReversed(), undefined, ...keys];
      assert.deepEqual(textsOf(await collection.getMany(asked)), expected);
    });

    test('rejects with what its iterable throws', async (manager) => {
      const { collection } = await handlesOf(manager);
      const cause = Object.assign(new Error('no more keys'), { code: 'MINE' });
      function* keys(): Generator<string> {
        yield 'a';
        throw cause;
      }
      await rejects(() => collection.getMany(keys()), { code: 'MINE' });
    });
  });

  describe('last', () => {
    test('gives the entry with the greatest key, or undefined', async (manager) => {
      const { collection } = await handlesOf(manager);
      assert.equal(await collection.last(), undefined);
      await fill(collection, 'key1=1', 'key3=3', 'key2=2');
      const last = await collection.last();
      assert.deepEqual([last?.[0], textOf(last?.[1])], ['key3', '3']);
      await collection.del('key3');
      assert.equal((await collection.last())?.[0], 'key2');
      await collection.purge();
      assert.equal(await collection.last(), undefined);
    });

    test('gives the empty key when there is no other', async (manager) => {
      const { collection } = await handlesOf(manager);
      await fill(collection, '=1');
      const last = await collection.last();
      assert.deepEqual([last?.[0], textOf(last?.[1])], ['', '1']);
    });
  });

  describe('purge of a collection', () => {
    test('deletes every entry, succeeds on nothing, and leaves the handle usable', async (manager) => {
      const { collection } = await handlesOf(manager);
      await givesNothing(collection.purge());
      await fillMany(manager, collection, orderedKeys(manyEntries));
      await Promise.all([collection.purge(), collection.purge()]);
      assert.deepEqual(await contents(collection), []);
      await fill(collection, 'k=1');
      await holds(collection, 'k=1');
    });
  });
}
